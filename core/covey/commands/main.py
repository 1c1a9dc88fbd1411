"""The `covey` command."""

from __future__ import annotations

import sys
from typing import Any

import click

from covey import __version__
from covey.commands.evaluate import evaluate
from covey.commands.info import info
from covey.commands.plugins import plugins
from covey.commands.run import run
from covey.errors import CoveyError

INTERRUPTED = 130


class Covey(click.Group):
    """Shows a CoveyError as a sentence, and an interruption as what it is."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command line; exit with 2 after a person's mistake."""
        try:
            return super().main(*args, **kwargs)
        except CoveyError as error:
            click.echo(f"Error: {error}", err=True)
            sys.exit(2)

    def invoke(self, ctx: click.Context) -> Any:
        """Run one command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("\nStopped. What was finished is kept; the same command goes on from there.", err=True)
            sys.exit(INTERRUPTED)


@click.group(cls=Covey, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="covey")
def main() -> None:
    """Turn a folder of spectrogram images into groups that a person can look at, name and keep."""


for command in (run, evaluate, info, plugins):
    main.add_command(command)
