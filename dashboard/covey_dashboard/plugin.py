"""The command `covey dashboard`."""

from __future__ import annotations

import re
from collections.abc import Iterable

import click

from covey import hookimpl

_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?")
_BASE_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")


def _check_origins(ctx: click.Context, param: click.Parameter, origins: tuple[str, ...]) -> tuple[str, ...]:
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise click.BadParameter(f"{origin!r} is no origin, such as https://wiki.example.org or http://host:8888.")
    return origins


def _check_base_path(ctx: click.Context, param: click.Parameter, path: str) -> str:
    base_path = f"/{path.strip('/')}" if path.strip("/") else ""
    if not _BASE_PATH.fullmatch(base_path) or {".", ".."} & set(base_path.split("/")):
        raise click.BadParameter(f"{path!r} is no path, such as /covey.")
    return base_path


@click.command()
@click.argument("location", required=False)
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True, help="The port to listen at.")
@click.option(
    "--host", default="localhost", show_default=True, help="The name or address to listen at; 0.0.0.0 for all."
)
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@click.option("--no-token", is_flag=True, help="Ask nobody for the token: with localhost, or behind a proxy that asks.")
@click.option(
    "--read-only",
    is_flag=True,
    help="Let everybody look at this dataset and nobody change anything; asks for no token.",
)
@click.option("--behind-proxy", is_flag=True, help="Believe a web server in front of it how it was addressed.")
@click.option("--base-path", default="", callback=_check_base_path, help="What all its paths begin with there.")
@click.option(
    "--allow-frame",
    "frames",
    metavar="ORIGIN",
    multiple=True,
    callback=_check_origins,
    help="A site whose pages may show it in a frame; may be repeated.",
)
def dashboard(
    location: str | None,
    port: int,
    host: str,
    no_browser: bool,
    no_token: bool,
    read_only: bool,
    behind_proxy: bool,
    base_path: str,
    frames: tuple[str, ...],
) -> None:
    """Look at the groups of a dataset in the browser.

    LOCATION is a folder, or what a storage plugin opens. The dashboard can be reached from this machine only, unless
    --host says otherwise, and only with the token in the address that is printed.
    """
    from covey_dashboard.server.start import StartOptions, start_dashboard

    start_dashboard(
        StartOptions(location, port, host, no_browser, no_token, read_only, behind_proxy, base_path, frames)
    )


@hookimpl
def covey_commands() -> Iterable[click.Command]:
    """Offer the dashboard."""
    yield dashboard
