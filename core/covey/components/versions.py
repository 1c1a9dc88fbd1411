"""Versions of the packages behind a component."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version

from covey.components.contracts import Component


def package_versions(component: Component) -> dict[str, str]:
    """Return the versions of covey, NumPy, the package of the component and the libraries that it requires, by name."""
    modules = ["covey", "numpy", type(component).__module__.partition(".")[0], *component.requires]
    distributions = _distributions_by_module()
    names = sorted({name for module in modules for name in distributions.get(module, [module])})
    versions = {name: _installed_version(name) for name in names}
    return {name: installed for name, installed in versions.items() if installed}


@cache
def _distributions_by_module() -> Mapping[str, list[str]]:
    """Return the distributions that contain each module; looking them up takes about 0.3 s."""
    return packages_distributions()


def _installed_version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
