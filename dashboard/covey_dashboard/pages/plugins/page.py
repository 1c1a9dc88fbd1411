"""The page Plugins: what is installed, whether it can work, what can be set, and what is wrong with the rest."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

import streamlit as st

from covey.frontend import Kind, Registered, Registry, format_value, options
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
    components = [item for kind in Kind for item in registry.of_kind(kind)]
    if not components:
        notice.hint("No plugin is installed. These come with covey:", 'pip install "covey[all]"')
        return
    page.table(HEADS, [(item.kind, item.name, item.summary, item.status, origin(item)) for item in components])
    show_one(components)
    if registry.commands:
        commands = sorted(registry.commands, key=lambda command: command.name)
        rows = [
            (f"covey {command.name}", command.command.get_short_help_str(200), command.distribution)
            for command in commands
        ]
        page.table(("Command", "What", "From"), rows)


def origin(registered: Registered) -> str:
    """Return which version of what brings a component, and its own version, which says when its results change."""
    try:
        distribution_version = version(registered.distribution)
    except (PackageNotFoundError, ValueError):
        distribution_version = "(unknown version)"
    return f"{registered.distribution} {distribution_version}, component version {registered.cls.version}"


def show_one(components: Sequence[Registered]) -> None:
    """Show a component that a person chooses, with all its options."""
    components_by_title = {f"{component.kind} {component.full_name}": component for component in components}
    component = components_by_title[st.selectbox("Options of", list(components_by_title))]
    st.text(page.plain(inspect.getdoc(component.cls) or "It does not describe itself."))
    rows = [
        (option.name, option.help, f"{option.expected}; by default {format_value(option.default)}")
        for option in options(component.cls)
    ]
    if rows:
        page.table(("Option", "Help", "Values"), rows)
    else:
        st.text("It has no options.")
    for reference in component.cls.references:
        st.text(page.plain(reference))


show(cache.registry())
