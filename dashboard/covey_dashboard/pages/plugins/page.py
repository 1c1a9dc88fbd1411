"""The page Plugins: what is installed, whether it can work, what can be set, and what is wrong with the rest."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

import streamlit as st

from covey.components.kinds import Kind
from covey.components.options import format_value, options
from covey.plugins.registry import Registered, Registry
from covey_dashboard.data import cache
from covey_dashboard.widgets import messages as notice
from covey_dashboard.widgets import page_frame as page

HEADS = ("Kind", "Name", "What", "Status", "From")


def show(registry: Registry) -> None:
    """Show what is installed."""
    for problem in registry.problems:
        notice.problem(f"The plugin {problem.plugin!r} of {problem.distribution} is broken: {problem.reason}.")
    for problem in registry.warnings:
        notice.problem(f"The plugin {problem.plugin!r} of {problem.distribution} makes covey slow: {problem.reason}.")
    found = [item for kind in Kind for item in registry.of_kind(kind)]
    if not found:
        notice.hint("No plugin is installed. These come with covey:", 'pip install "covey[all]"')
        return
    page.table(HEADS, [(item.kind, item.name, item.summary, item.status, origin(item)) for item in found])
    show_one(found)
    if registry.commands:
        commands = sorted(registry.commands, key=lambda one: one.name)
        told = [(f"covey {one.name}", one.command.get_short_help_str(200), one.distribution) for one in commands]
        page.table(("Command", "What", "From"), told)


def origin(item: Registered) -> str:
    """Return which version of what brings a component, and its own version, which says when its results change."""
    try:
        found = version(item.distribution)
    except (PackageNotFoundError, ValueError):
        found = "(unknown version)"
    return f"{item.distribution} {found}, component version {item.cls.version}"


def show_one(found: Sequence[Registered]) -> None:
    """Show a component that a person chooses, with all its options."""
    told = {f"{item.kind} {item.full_name}": item for item in found}
    item = told[st.selectbox("Options of", list(told))]
    st.text(page.plain(inspect.getdoc(item.cls) or "It does not describe itself."))
    rows = [
        (one.name, one.help, f"{one.expected}; by default {format_value(one.default)}") for one in options(item.cls)
    ]
    if rows:
        page.table(("Option", "Help", "Values"), rows)
    else:
        st.text("It has no options.")
    for reference in item.cls.references:
        st.text(page.plain(reference))


show(cache.registry())
