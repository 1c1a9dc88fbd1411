"""covey plugins: the installed components and their options, and a start for a new plugin."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs
import click

from covey.commands.terminal.text_tables import print_table
from covey.components.contracts import SOUND, Component, FeatureExtractor
from covey.components.kinds import BESIDE_RUNS, Kind
from covey.components.options import Option, format_value, options
from covey.plugins.registry import Registered, RegisteredCommand, Registry
from covey.plugins.scaffold import Template, create_plugin

_ORDER = [*sorted(set(Kind) - set(BESIDE_RUNS)), *BESIDE_RUNS]
"""The kinds as they are listed: those that take part in runs, by name, then the others."""


@click.group()
def plugins() -> None:
    """Show the installed components and their options; start a new plugin."""


@plugins.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_plugins(as_json: bool) -> None:
    """List everything that plugins offer, with kind, name, status, source and summary, then broken plugins and why."""
    registry = Registry.installed()
    if as_json:
        click.echo(json.dumps(_list_as_json(registry), indent=2))
        return
    rows = [list(_summary_row(component).values()) for kind in _ORDER for component in registry.of_kind(kind)]
    commands = [list(_command_row(command).values()) for command in _sort_commands(registry)]
    print_table(["kind", "name", "status", "source", "summary"], [*rows, *commands])
    for problem in registry.problems:
        click.echo(f"\nThe plugin {problem.plugin!r} of {problem.distribution} is broken: {problem.reason}.")
    for problem in registry.warnings:
        click.echo(f"\nThe plugin {problem.plugin!r} of {problem.distribution} {problem.reason}.")


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
    for sentence in _describe_inputs(registered.cls):
        click.echo(sentence + "\n")
    print_table(["option", "default", "values", "help"], [_option_row(option) for option in declared])


@plugins.command("new")
@click.argument("name")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option(
    "--kind",
    required=True,
    type=click.Choice([template.value for template in Template]),
    help="The kind of the new component; a listener is an extractor that takes sound, a learner one that learns.",
)
def new(name: str, folder: Path | None, kind: str) -> None:
    """Start a plugin: a small package with a component that works, which you change step by step.

    It is written into FOLDER, by default covey-NAME in the current folder.
    """
    template = Template[kind.upper()]
    package = create_plugin(name, template, folder or Path(f"covey-{name}"), Registry.installed())
    click.echo(f"{package} holds the {kind} {name!r}, which works as it is. Install it, look at it, test it:\n")
    click.echo(
        f'    pip install -e "{package}"\n    covey plugins show {template.kind}:{name}\n'
        f'    python -m pytest "{package}"\n'
    )
    click.echo(f"Then make covey_{name}.py your own.")


def _list_as_json(registry: Registry) -> dict[str, object]:
    """Return the components of runs, each other kind in a list of its own, the commands, and what is wrong."""
    components = [component for kind in _ORDER if kind not in BESIDE_RUNS for component in registry.of_kind(kind)]
    return {
        "components": [_summary_row(component) for component in components],
        **{f"{kind}s": [_summary_row(component) for component in registry.of_kind(kind)] for kind in BESIDE_RUNS},
        "commands": [_command_row(command) for command in _sort_commands(registry)],
        "problems": [attrs.asdict(problem) for problem in registry.problems],
        "warnings": [attrs.asdict(warning) for warning in registry.warnings],
    }


def _sort_commands(registry: Registry) -> list[RegisteredCommand]:
    return sorted(registry.commands, key=lambda command: command.name)


def _command_row(registered: RegisteredCommand) -> dict[str, str]:
    return {
        "kind": "command",
        "name": registered.name,
        "status": "ready",
        "source": registered.distribution,
        "summary": registered.command.get_short_help_str(200),
    }


def _summary_row(registered: Registered) -> dict[str, str]:
    return {
        "kind": registered.kind,
        "name": registered.name,
        "status": registered.status,
        "source": registered.distribution,
        "summary": registered.summary,
    }


def _describe_inputs(cls: type[Component]) -> Iterator[str]:
    """Yield a sentence on what an extractor that listens takes."""
    if issubclass(cls, FeatureExtractor) and cls.inputs == SOUND:
        yield f"It listens: it takes {cls.seconds:g} s of sound at {cls.rate:,} Hz around the clip of each image."


def _option_row(option: Option) -> Sequence[str]:
    expert = " (for experts)" if option.expert else ""
    return [option.name, format_value(option.default), option.expected, option.full_help + expert]


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
