"""What C libraries write to the terminal by themselves, such as the warnings of mpg123."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from covey.commands.terminal.tracebacks import wants_tracebacks

_ERROR = 2


@contextmanager
def native_output_hidden() -> Iterator[None]:
    """Keep what C libraries write to standard error off the terminal; Python's own messages reach it as before.

    COVEY_DEBUG=1 lets everything through.
    """
    if wants_tracebacks():
        yield
        return
    terminal, stderr = os.dup(_ERROR), sys.stderr
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        if _is_terminal_stream():
            sys.stderr = os.fdopen(os.dup(terminal), "w", encoding=stderr.encoding, errors="backslashreplace")
        os.dup2(nowhere, _ERROR)
        yield
    finally:
        os.dup2(terminal, _ERROR)
        if sys.stderr is not stderr:
            sys.stderr.close()
            sys.stderr = stderr
        os.close(nowhere)
        os.close(terminal)


def _is_terminal_stream() -> bool:
    """Say whether Python writes its own messages to the same place."""
    try:
        return sys.stderr.fileno() == _ERROR
    except (OSError, ValueError, AttributeError):
        return False
