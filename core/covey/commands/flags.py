"""Command-line flags made from the options that a class declares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import click

from covey._base.errors import CoveyError
from covey.components.options import Option, format_value, options

F = TypeVar("F", bound=Callable[..., object])


def flags_of(cls: type) -> Callable[[F], F]:
    """Add a flag to a click command for each option of a class; options for experts come last in its help."""

    def decorate(command: F) -> F:
        for option in [*sorted(options(cls), key=lambda option: option.expert)][::-1]:
            command = _flag(option)(command)
        return command

    return decorate


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
        return click.option(flag, option.name, default=option.default, help=option.help, show_default=True)
    return click.option(
        f"--{name}",
        option.name,
        default=format_value(option.default),
        type=OptionValue(option),
        help=option.help,
        show_default=True,
    )


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

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> object:
        """Return a value as components hold it. An error of the user ends the command with the option's message."""
        try:
            converted: object = self.option.convert(self.option.parse(value) if isinstance(value, str) else value)
            return converted
        except ValueError as error:
            self.fail(str(error), param, ctx)
