"""Starting the dashboard from the command line."""

from __future__ import annotations

import importlib.util
import ipaddress
import os
import secrets
import socket
import sys
from contextlib import nullcontext, suppress

import attrs
import click

from covey import CoveyError
from covey.frontend import Registry, TerminalProgress, open_dataset, reason
from covey_dashboard.server import server
from covey_dashboard.server.access.access_rules import TOKEN, AccessRules
from covey_dashboard.server.open_browser import open_browser


@attrs.frozen
class StartOptions:
    """What the command `covey dashboard` was given; its help says what each option means."""

    location: str | None
    port: int
    host: str
    no_browser: bool
    no_token: bool
    read_only: bool
    behind_proxy: bool
    base_path: str
    frames: tuple[str, ...]


def start_dashboard(options: StartOptions) -> None:
    """Open the dataset and run the dashboard until its user ends it.

    Raises:
        CoveyError: a library is missing, the dataset cannot be opened, or the host has no address.
        UsageError: the options contradict each other, or open the dashboard to everybody.
    """
    _check_libraries()
    address = _resolve_host(options.host)
    _check_access(options, address)
    if options.location:
        open_dataset(Registry.installed(), options.location, TerminalProgress())
    rules = AccessRules(
        port=options.port,
        hosts=_list_host_names(options.host, address),
        token="" if options.no_token or options.read_only else secrets.token_urlsafe(32),
        base_path=options.base_path,
        frames=options.frames,
        behind_proxy=options.behind_proxy,
        read_only=options.read_only,
    )
    with suppress(KeyboardInterrupt), server.run_server(options.location or "", address, rules) as process:
        token_address = _build_address(rules)
        click.echo(f"The dashboard is at {token_address} (Ctrl-C ends it).")
        with nullcontext() if options.no_browser or not _has_display() else open_browser(token_address):
            process.wait()


def _check_access(options: StartOptions, address: str) -> None:
    """Raise UsageError if the options contradict each other or open the dashboard to everybody."""
    if options.read_only and not options.location:
        raise click.UsageError("--read-only shows one dataset: name it.")
    if options.read_only and options.frames:
        raise click.UsageError("With --read-only every site may show it in a frame: leave out --allow-frame.")
    if options.no_token and not (
        ipaddress.ip_address(address).is_loopback or options.read_only or options.behind_proxy
    ):
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
