"""The command `covey dashboard`."""

from __future__ import annotations

import importlib.util
import ipaddress
import os
import re
import secrets
import socket
import sys
from collections.abc import Iterable
from contextlib import nullcontext, suppress

import click

from covey import CoveyError, hookimpl
from covey.frontend import Registry, TerminalProgress, open_dataset, reason
from covey_dashboard.server import server
from covey_dashboard.server.access_rules import TOKEN, AccessRules
from covey_dashboard.server.open_browser import open_browser

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
    _check_libraries()
    address = _resolve_host(host)
    _check_access(location, address, no_token, read_only, behind_proxy, frames)
    if location:
        open_dataset(Registry.installed(), location, TerminalProgress())
    rules = AccessRules(
        port=port,
        hosts=_list_host_names(host, address),
        token="" if no_token or read_only else secrets.token_urlsafe(32),
        base_path=base_path,
        frames=frames,
        behind_proxy=behind_proxy,
        read_only=read_only,
    )
    with suppress(KeyboardInterrupt), server.run_server(location or "", address, rules) as process:
        token_address = _build_address(rules)
        click.echo(f"The dashboard is at {token_address} (Ctrl-C ends it).")
        with nullcontext() if no_browser or not _has_display() else open_browser(token_address):
            process.wait()


def _check_access(
    location: str | None, address: str, no_token: bool, read_only: bool, behind_proxy: bool, frames: tuple[str, ...]
) -> None:
    """Raise UsageError if the options contradict each other or open the dashboard to everybody."""
    if read_only and not location:
        raise click.UsageError("--read-only shows one dataset: name it.")
    if read_only and frames:
        raise click.UsageError("With --read-only every site may show it in a frame: leave out --allow-frame.")
    if no_token and not (ipaddress.ip_address(address).is_loopback or read_only or behind_proxy):
        raise click.UsageError(
            "Without the token everybody who can reach this machine could read your files: leave out --no-token or"
            " --host, or add --read-only, or --behind-proxy where the proxy asks for a password."
        )


def _resolve_host(host: str) -> str:
    """Return the IP address of a host, the IPv4 one where it has both. Raises CoveyError."""
    try:
        addresses = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise CoveyError(f"--host {host} has no address ({reason(error)}): take a name of this machine.") from error
    addresses.sort(key=lambda answer: answer[0] != socket.AF_INET)
    return str(addresses[0][4][0])


def _list_host_names(host: str, address: str) -> tuple[str, ...]:
    """Return the names under which a browser may address the server, the one to print first."""
    if ipaddress.ip_address(address).is_unspecified:
        return (socket.getfqdn(), socket.gethostname(), "localhost")
    return (host, "localhost") if ipaddress.ip_address(address).is_loopback else (host,)


def _build_address(rules: AccessRules) -> str:
    """Return the address to open, with the token where one is needed."""
    host = f"[{rules.hosts[0]}]" if ":" in rules.hosts[0] else rules.hosts[0]
    query = f"/?{TOKEN}={rules.token}" if rules.token else ""
    return f"http://{host}:{rules.port}{rules.base_path}{query}"


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
