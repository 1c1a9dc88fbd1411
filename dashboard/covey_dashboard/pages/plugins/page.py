"""The page Plugins: what is installed, whether it can work, what can be set, and what is wrong with the rest."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

import streamlit as st

from covey.frontend import Kind, Registered, Registry, format_value, options
from covey_dashboard.data.datasets import registry
from covey_dashboard.data.table_titles import as_utf8
from covey_dashboard.widgets.messages import show_hint, show_problem
from covey_dashboard.widgets.page_frame import show_table

HEADS = ("Kind", "Name", "What", "Status", "From")


def show_plugins(registry: Registry) -> None:
    """Show what is installed."""
    for problem in registry.problems:
        show_problem(f"The plugin {problem.plugin!r} of {problem.distribution} is broken: {problem.reason}.")
    for problem in registry.warnings:
        show_problem(f"The plugin {problem.plugin!r} of {problem.distribution} {problem.reason}.")
    components = [component for kind in Kind for component in registry.of_kind(kind)]
    if not components:
        show_hint("No plugin is installed. These come with covey:", 'pip install "covey[all]"')
        return
    rows = [
        (component.kind, component.name, component.summary, component.status, describe_origin(component))
        for component in components
    ]
    show_table(HEADS, rows)
    show_component(components)
    if registry.commands:
        show_commands(registry)


def show_commands(registry: Registry) -> None:
    """Show the commands of the command line that plugins bring."""
    commands = sorted(registry.commands, key=lambda command: command.name)
    rows = [
        (f"covey {command.name}", command.command.get_short_help_str(200), command.distribution) for command in commands
    ]
    show_table(("Command", "What", "From"), rows)


def describe_origin(component: Registered) -> str:
    """Return the distribution of a component and its version, and the component's own, raised when results change."""
    try:
        distribution_version = version(component.distribution)
    except (PackageNotFoundError, ValueError):
        distribution_version = "(unknown version)"
    return f"{component.distribution} {distribution_version}, component version {component.cls.version}"


def show_component(components: Sequence[Registered]) -> None:
    """Show the component that a person chooses, with all its options."""
    component_by_title = {f"{component.kind} {component.full_name}": component for component in components}
    component = component_by_title[st.selectbox("Options of", list(component_by_title))]
    st.text(as_utf8(inspect.getdoc(component.cls) or "It does not describe itself."))
    rows = [
        (option.name, option.help, f"{option.expected}; by default {format_value(option.default)}")
        for option in options(component.cls)
    ]
    if rows:
        show_table(("Option", "Help", "Values"), rows)
    else:
        st.text("It has no options.")
    for reference in component.cls.references:
        st.text(as_utf8(reference))


show_plugins(registry())
