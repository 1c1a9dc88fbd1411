"""Check that covey finds a component of a plugin."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points
from inspect import getmembers

from covey.components.contracts import Component
from covey.components.guard import CORE
from covey.components.kinds import Kind
from covey.plugins.hooks import GROUP
from covey.plugins.registry import Registry
from covey.testing.assertions import expect


def check_offer(cls: type[Component]) -> None:
    """Check that the plugin in whose package a component lies offers it; a class of no plugin need not be offered.

    Raises:
        AssertionError: its hooks do not yield it, or no entry point names its module.
    """
    package = cls.__module__.partition(".")[0]
    if package == CORE:
        return
    points = [point for point in entry_points(group=GROUP) if point.module.partition(".")[0] == package]
    message = f"{cls.__module__} has hooks, but no entry point in the group {GROUP!r} names it: covey does not find it"
    expect(bool(points) or not _has_hooks(cls.__module__), f"{message}: write one in pyproject.toml, and install again")
    if not points:
        return
    registry = Registry()
    for point in points:
        registry.add(point.load, plugin=point.name, distribution=package)
    for problem in registry.problems:
        expect(False, f"the plugin {problem.plugin} is broken: {problem.reason.rstrip('.')}")
    offered_names = ", ".join(registered.cls.__name__ for registered in registry.components) or "nothing"
    is_offered = any(registered.cls is cls for registered in registry.components)
    warnings = "".join(f"; it {warning.reason.rstrip('.')}" for warning in registry.warnings)
    message = f"{Kind.of(cls).hook} of {package} must yield {cls.__name__}: it yields {offered_names}{warnings}"
    expect(is_offered, message)


def _has_hooks(module: str) -> bool:
    """Whether a function of an imported module is marked with @hookimpl."""
    return any(hasattr(member, f"{GROUP}_impl") for _, member in getmembers(sys.modules.get(module)))
