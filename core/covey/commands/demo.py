"""covey demo: from sound to groups in one command, by the commands that a person would give."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from covey._base.errors import CoveyError
from covey.commands.terminal.progress_bars import TerminalProgress
from covey.sound.synthesis import synthesize


@click.command()
@click.argument("folder", default="covey-demo", type=click.Path(path_type=Path))
@click.option("--dashboard/--no-dashboard", default=True, help="Whether to open the dashboard at the end.")
@click.option("--port", default=8501, show_default=True, help="Where the dashboard answers.")
@click.pass_context
def demo(ctx: click.Context, folder: Path, dashboard: bool, port: int) -> None:
    """Try covey: made-up recordings become images, groups and a map.

    Writes about 300 short recordings of eight kinds of call into FOLDER, then gives the commands that you would give
    for your own, and says how well the groups agree with the truth. The same folder twice goes on where it stopped.
    """
    _check(folder)
    truth = synthesize(folder, progress=TerminalProgress())
    place = str(folder)
    _give(ctx, "spectrograms", str(folder / "audio"), place)
    _give(ctx, "run", place)
    _give(ctx, "evaluate", place, "--labels", str(truth))
    look = ("dashboard", place, "--port", str(port))
    if dashboard:
        _give(ctx, *look)
    else:
        click.echo(f"\nTo look at the groups: covey {shlex.join(look)}")


def _check(folder: Path) -> None:
    """Refuse a folder that holds something else than a demo."""
    if folder.exists() and not folder.is_dir():
        raise CoveyError(f"{folder} is a file: name a new folder for the demo.")
    if folder.exists() and any(folder.iterdir()) and not (folder / "audio").is_dir():
        raise CoveyError(f"{folder} holds something else than a demo: name a new or an empty folder.")


def _give(ctx: click.Context, *words: str) -> None:
    """Show a command as a person would give it, and carry it out."""
    click.secho(f"\n$ covey {shlex.join(words)}", bold=True)
    ctx.find_root().command.main(list(words), standalone_mode=False)
