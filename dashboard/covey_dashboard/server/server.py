"""The web server behind the dashboard: Streamlit in a process of its own."""

from __future__ import annotations

import errno
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from covey import CoveyError
from covey_dashboard.server.access.access_rules import HEALTH, AccessRules

APP = Path(__file__).with_name("app.py")
WEB = Path(__file__).with_name("web.py")
LOCATION = "COVEY_DASHBOARD_LOCATION"
"""The environment variable that tells the app which dataset was named on the command line.

In read-only mode it may hold several, one a line.
"""
READ_ONLY = "COVEY_DASHBOARD_READ_ONLY"
"""The environment variable that tells the app, where it is not empty, that nobody may change anything."""
SHARED = "COVEY_DASHBOARD_SHARED"
"""The environment variable that tells the app, where it is not empty, that others can open the dashboard too."""
ACCESS = "COVEY_DASHBOARD_ACCESS"
"""The environment variable with the access rules, the token among them; the server deletes it when it starts."""

PATIENCE = 60.0
"""Seconds that the server may take to start."""
ENDING = 5.0
"""Seconds that it may take to end."""

SETTINGS: dict[str, str | bool] = {
    "server.headless": True,
    "server.fileWatcherType": "none",
    "browser.gatherUsageStats": False,
    "client.toolbarMode": "viewer",
    "logger.level": "warning",
    "runner.magicEnabled": False,
    "runner.postScriptGC": False,
    "global.disableWidgetStateDuplicationWarning": True,
    "theme.light.primaryColor": "#0f766e",
    "theme.dark.primaryColor": "#0c8478",
}
"""The options of Streamlit."""


@contextmanager
def run_server(location: str, address: str, rules: AccessRules) -> Iterator[subprocess.Popen[bytes]]:
    """Run the server for as long as the block lasts; a request of the system to end is an interruption.

    Args:
        location: the dataset to open at first; "" for none.
        address: the IP address to listen at.
        rules: who may talk to it, and on which port.

    Yields:
        Its process, once it answers.

    Raises:
        CoveyError: the port is taken, or the server does not start.
    """
    _check_port(address, rules.port)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    process = _start_process(location, address, rules)
    try:
        _wait_until_ready(process, address, rules)
        yield process
    finally:
        _stop_process(process)


def is_shared() -> bool:
    """Whether others can open this dashboard too."""
    return bool(os.environ.get(SHARED))


def _start_process(location: str, address: str, rules: AccessRules) -> subprocess.Popen[bytes]:
    """Start the server, which ignores Ctrl-C: a terminal sends it to both processes, and this one handles it."""
    environment = {
        LOCATION: location,
        READ_ONLY: "1" if rules.read_only else "",
        SHARED: "1" if rules.is_shared else "",
        ACCESS: rules.to_json(),
    }
    previous_handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return subprocess.Popen(
            _build_command(address, rules),
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
    finally:
        signal.signal(signal.SIGINT, previous_handler)


def _build_command(address: str, rules: AccessRules) -> list[str]:
    address_settings = {"server.address": address, "server.port": rules.port, "server.baseUrlPath": rules.base_path}
    flags = [f"--{key}={setting}" for key, setting in {**SETTINGS, **address_settings}.items()]
    return [sys.executable, "-m", "streamlit", "run", str(WEB), *flags]


def _check_port(address: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        socket.create_server((address, port), family=family).close()
    except OSError as error:
        free_port = port + 1 if port < 65535 else 8501
        remedy = f"end the program that uses it, or take another port, as in --port {free_port}"
        if error.errno == errno.EADDRNOTAVAIL:
            remedy = f"{address} is no address of this machine, take another --host"
        raise CoveyError(f"Port {port} cannot be used ({os.strerror(error.errno or 0)}): {remedy}.") from error


def _wait_until_ready(process: subprocess.Popen[bytes], address: str, rules: AccessRules) -> None:
    """Return when the server answers. Raises CoveyError."""
    deadline_s = time.monotonic() + PATIENCE
    while not _answers(address, rules):
        if process.poll() is not None or time.monotonic() > deadline_s:
            raise CoveyError("The dashboard did not start: what Streamlit said stands above.")
        time.sleep(0.1)


def _answers(address: str, rules: AccessRules) -> bool:
    connect_address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)
    connection = http.client.HTTPConnection(connect_address, rules.port, timeout=5)
    try:
        connection.request("GET", rules.base_path + HEALTH)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _stop_process(process: subprocess.Popen[bytes]) -> None:
    """Terminate the server; kill it if it does not end in time or Ctrl-C is pressed again."""
    process.terminate()
    try:
        process.wait(ENDING)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        process.kill()
        process.wait()
