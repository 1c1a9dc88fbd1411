"""Tracebacks of errors, shown with `covey --traceback ...` or COVEY_DEBUG=1."""

from __future__ import annotations

import os
import traceback

import click

VARIABLE = "COVEY_DEBUG"


def show_traceback(error: BaseException) -> None:
    """Print the traceback of an error and its causes, if the user asked for tracebacks."""
    if wants_tracebacks():
        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)


def wants_tracebacks() -> bool:
    """Whether the user asked for tracebacks, by the flag or the environment."""
    context = click.get_current_context(silent=True)
    flag = context is not None and bool(context.find_root().params.get("traceback"))
    return flag or os.environ.get(VARIABLE, "") not in ("", "0")
