"""The web server behind the dashboard: Streamlit in a process of its own."""

from __future__ import annotations

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

APP = Path(__file__).with_name("app.py")
WEB = Path(__file__).with_name("web.py")
LOCATION = "COVEY_DASHBOARD_LOCATION"
"""The environment variable that tells the app which dataset was named on the command line."""

HOST = "localhost"
PATIENCE = 60.0
"""Seconds that the server may take to start."""
ENDING = 5.0
"""Seconds that it may take to end."""

_SETTINGS = {
    "server.address": HOST,
    "server.headless": "true",
    "server.fileWatcherType": "none",
    "browser.gatherUsageStats": "false",
    "client.toolbarMode": "viewer",
    "logger.level": "warning",
    "runner.magicEnabled": "false",
    "global.disableWidgetStateDuplicationWarning": "true",
    "theme.light.primaryColor": "#0f766e",
    "theme.dark.primaryColor": "#0d9488",
}


@contextmanager
def running(location: str, port: int) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run the server for as long as the block lasts; a request of the system to end is an interruption.

    Yields:
        Its address, once it answers, and its process.

    Raises:
        CoveyError: the port is taken, or the server does not start.
    """
    _check(port)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    process = _started(location, port)
    try:
        _wait(process, port)
        yield f"http://{HOST}:{port}", process
    finally:
        _end(process)


def _started(location: str, port: int) -> subprocess.Popen[bytes]:
    """Start the server, which ignores Ctrl-C: a terminal sends it to both, and it is ours to answer."""
    env, nowhere = {**os.environ, LOCATION: location}, subprocess.DEVNULL
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return subprocess.Popen(_command(port), env=env, stdin=nowhere, stdout=nowhere)
    finally:
        signal.signal(signal.SIGINT, before)


def _command(port: int) -> list[str]:
    settings = {**_SETTINGS, "server.port": port}
    flags = [f"--{key}={value}" for key, value in settings.items()]
    return [sys.executable, "-m", "streamlit", "run", str(WEB), *flags]


def _check(port: int) -> None:
    try:
        socket.create_server((HOST, port)).close()
    except OSError as error:
        another = port + 1 if port < 65535 else 8501
        raise CoveyError(
            f"Port {port} cannot be used ({os.strerror(error.errno or 0)}): end the program that uses it,"
            f" or take another port, as in --port {another}."
        ) from error


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    """Return when the server answers. Raises CoveyError."""
    end = time.monotonic() + PATIENCE
    while not _answers(port):
        if process.poll() is not None or time.monotonic() > end:
            raise CoveyError("The dashboard did not start: what Streamlit said stands above.")
        time.sleep(0.1)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/_stcore/health")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the server, at once where a person does not want to wait."""
    process.terminate()
    try:
        process.wait(ENDING)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        process.kill()
        process.wait()
