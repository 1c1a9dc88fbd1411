"""Command-line flags made from the options that a class declares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from covey.components.options import Option, format_value, options

F = TypeVar("F", bound=Callable[..., Any])


def flags_of(cls: type) -> Callable[[F], F]:
    """Give a click command one flag for each option of `cls`, expert ones last in its help."""

    def decorate(command: F) -> F:
        for option in [*sorted(options(cls), key=lambda option: option.expert)][::-1]:
            command = _flag(option)(command)
        return command

    return decorate


def _flag(option: Option) -> Callable[[F], F]:
    name = option.name.replace("_", "-")
    if option.type is bool:
        flag = f"--{name}/--no-{name}"
        return click.option(flag, option.name, default=option.default, help=option.help, show_default=True)
    return click.option(
        f"--{name}",
        option.name,
        default=format_value(option.default),
        type=Value(option),
        help=option.help,
        show_default=True,
    )


class Value(click.ParamType[Any]):
    """A value of one option, read from the command line and checked by the option itself."""

    def __init__(self, option: Option) -> None:
        self.option = option
        self.name = option.type.__name__

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """What the help shows as the value: the choices, or the type."""
        if isinstance(self.option.choices, tuple | list):
            return "[" + "|".join(map(str, self.option.choices)) + "]"
        return f"{self.name.upper()},..." if self.option.many else self.name.upper()

    def convert(self, text: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value as the option keeps it, or fail with the option's own sentence."""
        try:
            return self.option.convert(self.option.parse(text) if isinstance(text, str) else text)
        except ValueError as error:
            self.fail(str(error), param, ctx)
