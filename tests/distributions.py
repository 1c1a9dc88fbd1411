"""Distributions that tests write, as pip would have installed them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def install_modules(site: Path, name: str, points: Mapping[str, str], modules: Mapping[str, str]) -> None:
    """Write modules with these sources into a folder for imports, and entry points of covey to them."""
    metadata = site / f"{name.replace('-', '_')}-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", "utf-8")
    lines = [f"{point} = {module}" for point, module in points.items()]
    (metadata / "entry_points.txt").write_text("\n".join(["[covey]", *lines]) + "\n", "utf-8")
    for module, source in modules.items():
        (site / f"{module}.py").write_text(source, "utf-8")
