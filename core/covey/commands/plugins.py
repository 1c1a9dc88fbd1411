"""covey plugins: the installed components and their options, and a start for a new plugin."""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from pathlib import Path

import attrs
import click

from covey.commands.terminal.text_tables import print_table
from covey.components.kinds import Kind
from covey.components.options import Option, format_value, options
from covey.plugins import scaffold
from covey.plugins.registry import Registered, Registry

KIND_NAMES = [kind.value for kind in Kind]


@click.group()
def plugins() -> None:
    """Show the installed components and their options; start a new plugin."""


@plugins.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_plugins(as_json: bool) -> None:
    """List all components with kind, name, status, source and summary, then broken plugins with the reason."""
    registry = Registry.installed()
    components = sorted(registry.components, key=lambda component: (component.kind, component.name))
    if as_json:
        document = {
            "components": [_summary_row(component) for component in components],
            "problems": [attrs.asdict(problem) for problem in registry.problems],
            "warnings": [attrs.asdict(warning) for warning in registry.warnings],
        }
        click.echo(json.dumps(document, indent=2))
        return
    rows = [list(_summary_row(component).values()) for component in components]
    print_table(["kind", "name", "status", "source", "summary"], rows)
    for problem in registry.problems:
        click.echo(f"\nThe plugin {problem.plugin!r} of {problem.distribution} is broken: {problem.reason}.")
    for problem in registry.warnings:
        click.echo(f"\nThe plugin {problem.plugin!r} of {problem.distribution} makes covey slow: {problem.reason}.")


@plugins.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--markdown", is_flag=True, help="Print the table of options for a README.")
def show(name: str, as_json: bool, markdown: bool) -> None:
    """Show one component and its options. NAME may be kind:name where a name is used twice."""
    registered = Registry.installed().find(name)
    declared = options(registered.cls)
    if markdown:
        click.echo(options_table(declared))
        return
    if as_json:
        listed = [{**attrs.asdict(option, recurse=False), **_describe_type(option)} for option in declared]
        click.echo(json.dumps({**_summary_row(registered), "options": listed}, indent=2))
        return
    click.echo(f"{registered.name}: {registered.kind} from {registered.distribution}, {registered.status}\n")
    click.echo((inspect.getdoc(registered.cls) or "") + "\n")
    print_table(["option", "default", "values", "help"], [_option_row(option) for option in declared])


@plugins.command("new")
@click.argument("name")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--kind", required=True, type=click.Choice(KIND_NAMES), help="The kind of the new component.")
def new(name: str, folder: Path | None, kind: str) -> None:
    """Start a plugin: a small package with a component that works, which you change step by step.

    It is written into FOLDER, by default covey-NAME in the current folder.
    """
    package = scaffold.create_plugin(name, Kind.named(kind), folder or Path(f"covey-{name}"), Registry.installed())
    click.echo(f"{package} holds the {kind} {name!r}, which works as it is. Install it, look at it, test it:\n")
    click.echo(
        f'    pip install -e "{package}"\n    covey plugins show {kind}:{name}\n    python -m pytest "{package}"\n'
    )
    click.echo(f"Then make covey_{name}.py your own.")


def _summary_row(registered: Registered) -> dict[str, str]:
    return {
        "kind": registered.kind,
        "name": registered.name,
        "status": registered.status,
        "source": registered.distribution,
        "summary": registered.summary,
    }


def _option_row(option: Option) -> Sequence[str]:
    expert = " (for experts)" if option.expert else ""
    return [option.name, format_value(option.default), option.expected, option.help + expert]


def options_table(declared: Sequence[Option]) -> str:
    """Return the options as a Markdown table, as it stands in the README of a plugin."""
    if not declared:
        return "It has no options."
    rows = [["option", "default", "values", "help"], ["---"] * 4, *map(_option_row, declared)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)


def _describe_type(option: Option) -> dict[str, object]:
    """Return the type and the choices of an option as JSON has them."""
    choices = list(option.choices) if isinstance(option.choices, Sequence) else None
    return {"type": option.type.__name__, "choices": choices}
