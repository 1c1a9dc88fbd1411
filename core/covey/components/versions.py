"""The versions of what took part in a result."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version

from covey.components.contracts import Component


def package_versions(component: Component) -> dict[str, str]:
    """Return the versions of covey, numpy, the component's own distribution and the libraries that it requires."""
    modules = ["covey", "numpy", type(component).__module__.partition(".")[0], *component.requires]
    owners = _owners()
    names = sorted({name for module in modules for name in owners.get(module, [module])})
    return {name: found for name in names if (found := _version(name))}


@cache
def _owners() -> Mapping[str, list[str]]:
    """Return the distributions that each module is from; finding them out takes a third of a second."""
    return packages_distributions()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
