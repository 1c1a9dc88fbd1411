"""covey demo: from sound to groups in one command, which runs the commands that a user would run."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from covey._base.errors import CoveyError
from covey._base.terminal_progress import TerminalProgress
from covey.sound.synthesis import synthesize


@click.command()
@click.argument("folder", default="covey-demo", type=click.Path(path_type=Path))
@click.option("--dashboard/--no-dashboard", default=True, help="Whether to open the dashboard at the end.")
@click.option("--port", default=8501, show_default=True, help="Where the dashboard answers.")
@click.pass_context
def demo(ctx: click.Context, folder: Path, dashboard: bool, port: int) -> None:
    """Try covey: made-up recordings become images, groups and a map.

    Writes about 300 short recordings of eight kinds of call into FOLDER, then runs the commands that you would run for
    your own recordings, and measures how well the groups agree with the kinds. Run it again to go on where it stopped.
    """
    _check_folder(folder)
    truth = synthesize(folder, progress=TerminalProgress())
    _run_command(ctx, "spectrograms", str(folder / "audio"), str(folder))
    _run_command(ctx, "run", str(folder))
    _run_command(ctx, "evaluate", str(folder), "--labels", str(truth))
    words = ("dashboard", str(folder), "--port", str(port))
    if dashboard:
        _run_command(ctx, *words)
    else:
        click.echo(f"\nTo look at the groups: covey {shlex.join(words)}")


def _check_folder(folder: Path) -> None:
    """Raise CoveyError if a folder contains anything else than a demo."""
    if folder.exists() and not folder.is_dir():
        raise CoveyError(f"{folder} is a file: name a new folder for the demo.")
    if folder.exists() and any(folder.iterdir()) and not (folder / "audio").is_dir():
        raise CoveyError(f"{folder} holds something else than a demo: name a new or an empty folder.")


def _run_command(ctx: click.Context, *words: str) -> None:
    """Print a command and run it."""
    click.secho(f"\n$ covey {shlex.join(words)}", bold=True)
    ctx.find_root().command.main(list(words), standalone_mode=False)
