"""Command-line flags made from the options that a class declares."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from covey._base.errors import CoveyError
from covey.components.contracts import Component
from covey.components.kinds import STEPS, Kind
from covey.components.options import Option, Setting, format_value, options
from covey.plugins.registry import Registry

F = TypeVar("F", bound=Callable[..., object])


def flags_of(cls: type) -> Callable[[F], F]:
    """Add a flag to a click command for each option of a class; options for experts come last in its help."""

    def decorate(command: F) -> F:
        for option in [*sorted(options(cls), key=lambda option: option.expert)][::-1]:
            command = _flag(option)(command)
        return command

    return decorate


def given_options(options: Mapping[str, Setting]) -> dict[str, Setting]:
    """Return those of the options of the running command that were given, not taken from their defaults."""
    context = click.get_current_context()
    return {
        name: setting
        for name, setting in options.items()
        if context.get_parameter_source(name) not in (ParameterSource.DEFAULT, ParameterSource.DEFAULT_MAP)
    }


def parse_settings(cls: type, texts: Sequence[str]) -> dict[str, object]:
    """Return the settings of a class that texts such as "segment=3" stand for.

    Raises:
        CoveyError: a text is no setting.
    """
    options_by_name = {option.name: option for option in options(cls)}
    settings: dict[str, object] = {}
    for text in texts:
        name, equals, setting = text.partition("=")
        if not equals:
            raise CoveyError(f"--set {text}: write OPTION=VALUE.")
        settings[name] = options_by_name[name].parse(setting) if name in options_by_name else setting
    return settings


def _flag(option: Option) -> Callable[[F], F]:
    name = option.name.replace("_", "-")
    if option.type is bool:
        flag = f"--{name}/--no-{name}"
        return click.option(flag, option.name, default=option.default, help=option.full_help, show_default=True)
    return click.option(
        f"--{name}",
        option.name,
        default=format_value(option.default),
        type=OptionValue(option),
        help=option.full_help,
        show_default=True,
    )


def complete_value(option: Option, incomplete: str) -> list[CompletionItem]:
    """Return what a shell offers for the value of an option: its choices, or files and folders."""
    if option.path:
        return [CompletionItem(incomplete, type="file" if option.path == "file" else "dir")]
    choices = option.choices if isinstance(option.choices, Sequence) else ()
    return [CompletionItem(text) for text in map(format_value, choices) if text.startswith(incomplete)]


class SettingText(click.ParamType[str]):
    """A text such as "clusterer.eps=0.3", which shells complete from the options of the components that are named."""

    name = "setting"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the options whose names fit; after "=" the choices of one, or the paths that fit."""
        words = {
            f"{kind}.{option.name}": option
            for kind, cls in _named_components(ctx.params)
            for option in options(cls)
        }  # fmt: skip
        word, equals, text = incomplete.partition("=")
        if not equals:
            return [CompletionItem(f"{name}=") for name in words if name.startswith(incomplete)]
        texts = _list_values(words[word], text) if word in words else []
        return [CompletionItem(f"{word}={value}") for value in texts]


def _named_components(flags: Mapping[str, object]) -> Iterator[tuple[Kind, type[Component]]]:
    """Yield the components that flags name, the default one of each kind without any."""
    registry = Registry.installed()
    for kind in STEPS:
        names = flags.get(kind)
        for name in names if isinstance(names, tuple) and names else (names or kind.default,):
            with suppress(CoveyError):
                yield kind, registry.find(str(name), kind).cls


def _list_values(option: Option, incomplete: str) -> list[str]:
    """Return the choices of an option that begin in this way, or the paths."""
    if option.path is None:
        return [str(item.value) for item in complete_value(option, incomplete)]
    folder = Path(incomplete) if incomplete.endswith(("/", os.sep)) else Path(incomplete).parent
    try:
        paths = sorted(path for path in folder.iterdir() if path.is_dir() or option.path == "file")
    except OSError:
        return []
    texts = [f"{path.as_posix()}/" if path.is_dir() else path.as_posix() for path in paths]
    return [text for text in texts if text.startswith(incomplete)]


class OptionValue(click.ParamType[object]):
    """The value of one option, converted and checked by the option itself."""

    def __init__(self, option: Option) -> None:
        self.option = option
        self.name = option.type.__name__

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return the placeholder in the help: the choices, or the type."""
        if isinstance(self.option.choices, tuple | list):
            return "[" + "|".join(map(str, self.option.choices)) + "]"
        return f"{self.name.upper()},..." if self.option.many else self.name.upper()

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Let the shell complete choices and paths."""
        return complete_value(self.option, incomplete)

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> object:
        """Return a value as components hold it. An error of the user ends the command with the option's message."""
        try:
            converted: object = self.option.convert(self.option.parse(value) if isinstance(value, str) else value)
            return converted
        except ValueError as error:
            self.fail(str(error), param, ctx)
