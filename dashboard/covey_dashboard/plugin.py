"""The command `covey dashboard`."""

from __future__ import annotations

import importlib.util
import os
import sys
import webbrowser
from collections.abc import Iterable
from contextlib import suppress

import click

from covey import CoveyError, hookimpl
from covey.frontend import Registry, TerminalProgress, open_dataset
from covey_dashboard.server import server


@click.command()
@click.argument("location", required=False)
@click.option(
    "--port", type=click.IntRange(1, 65535), default=8501, show_default=True, help="The port on this machine."
)
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
def dashboard(location: str | None, port: int, no_browser: bool) -> None:
    """Look at the groups of a dataset in the browser.

    LOCATION is a folder, or what a storage plugin opens. The dashboard can be reached from this machine only.
    """
    _check_libraries()
    if location:
        open_dataset(Registry.installed(), location, TerminalProgress())
    with suppress(KeyboardInterrupt), server.running(location or "", port) as (address, process):
        click.echo(f"The dashboard is at {address} (Ctrl-C ends it).")
        if not no_browser and _has_display():
            webbrowser.open(address)
        process.wait()


def _check_libraries() -> None:
    if not importlib.util.find_spec("streamlit"):
        raise CoveyError('The dashboard needs libraries that are not installed: pip install "covey[dashboard]"')


def _has_display() -> bool:
    """Whether a person sits there who could see a browser."""
    screen = sys.platform in ("win32", "darwin") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return bool(screen) and sys.stdout.isatty()


@hookimpl
def covey_commands() -> Iterable[click.Command]:
    """Offer the dashboard."""
    yield dashboard
