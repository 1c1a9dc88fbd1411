"""The `covey` command."""

from __future__ import annotations

import sys
from typing import Any

import click

from covey._base.errors import CoveyError
from covey._base.terminal_progress import print_text
from covey._version import __version__
from covey.commands.compare import compare
from covey.commands.demo import demo
from covey.commands.evaluate import evaluate
from covey.commands.export import export
from covey.commands.fetch import fetch
from covey.commands.find import find
from covey.commands.import_ import import_
from covey.commands.info import info
from covey.commands.keys import keys
from covey.commands.labels import labels
from covey.commands.layers import layers
from covey.commands.plugins import plugins
from covey.commands.profile import profile
from covey.commands.pull import pull
from covey.commands.push import push
from covey.commands.report import report
from covey.commands.run import run
from covey.commands.spectrograms import spectrograms
from covey.commands.terminal.tracebacks import show_traceback
from covey.components.guard import PluginFailure, as_plugin_failure
from covey.plugins.registry import Registry

INTERRUPTED = 130


class Covey(click.Group):
    """The commands of covey and of plugins. Plugins are loaded only if a command needs them.

    A CoveyError is shown as its message, without a traceback; an interruption ends with exit code 130.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands; names that several plugins use are left out."""
        plugin_commands = [command.name for command in _registry(ctx).commands]
        unique_names = [name for name in plugin_commands if plugin_commands.count(name) == 1]
        return sorted({*super().list_commands(ctx), *unique_names})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command of covey, or else of a plugin."""
        return super().get_command(ctx, cmd_name) or _registry(ctx).command(cmd_name)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command line; exit with code 2 after a CoveyError."""
        try:
            return super().main(*args, **kwargs)
        except CoveyError as error:
            print_text(f"Error: {error}", err=True)
            sys.exit(2)

    def invoke(self, ctx: click.Context) -> Any:
        """Run one command."""
        try:
            return super().invoke(ctx)
        except CoveyError as error:
            show_traceback(error)
            raise
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            if ctx.invoked_subcommand in self.commands:
                raise
            show_traceback(error)
            raise self._blame_plugin(ctx, error) from error
        except KeyboardInterrupt:
            click.echo("\nStopped. What was finished is kept; the same command goes on from there.", err=True)
            sys.exit(INTERRUPTED)

    def _blame_plugin(self, ctx: click.Context, error: Exception) -> PluginFailure:
        name = str(ctx.invoked_subcommand)
        command = self.get_command(ctx, name)
        module = command.callback.__module__ if command and command.callback else ""
        return as_plugin_failure(error, f"covey {name}", module, "its command")


def _registry(ctx: click.Context) -> Registry:
    """Return the installed plugins, loaded only once for a command line."""
    registry = ctx.obj if isinstance(ctx.obj, Registry) else Registry.installed()
    ctx.obj = registry
    return registry


@click.group(cls=Covey, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="covey")
@click.option("--traceback", is_flag=True, help="Show where an error came from; COVEY_DEBUG=1 does the same.")
def main(traceback: bool) -> None:
    """Turn a folder of spectrogram images into groups that a person can look at, name and keep."""


for command in (
    demo,
    find,
    fetch,
    keys,
    spectrograms,
    run,
    profile,
    evaluate,
    compare,
    report,
    info,
    export,
    import_,
    pull,
    push,
    labels,
    layers,
    plugins,
):
    main.add_command(command)
