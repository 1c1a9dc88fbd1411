"""The logger of covey, and the log file that a run keeps.

`logging.getLogger("covey")` carries notes on progress at INFO and the causes of errors at DEBUG.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from covey._base.errors import CoveyError, reason
from covey._base.files import open_new
from covey._base.progress import Progress, Step
from covey._base.text import escape_undecodable

LOGGER = logging.getLogger("covey")
LOGGER.addHandler(logging.NullHandler())
FILE = "run.log"
_FORMAT = "%(asctime)s %(levelname)s %(message)s"


class _LogFile(logging.FileHandler):
    """A log file that never stops the work: what cannot be written, on a full disk say, is lost."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        pass

    def close(self) -> None:
        with suppress(OSError):
            super().close()


@contextmanager
def log_to_file(path: Path) -> Iterator[None]:
    """Write everything that is logged while the block runs to a file, in place of what the file held.

    A file that is there is replaced, never opened: in somebody else's dataset it could be a link to any file.

    Raises:
        CoveyError: the file cannot be written.
    """
    try:
        path.unlink(missing_ok=True)
        open_new(path).close()
        handler = _LogFile(path, mode="a", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise CoveyError(f"{path} cannot be written ({reason(error)}): choose a folder that can be.") from error
    handler.setFormatter(logging.Formatter(_FORMAT))
    level = LOGGER.level
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        LOGGER.setLevel(level)
        LOGGER.removeHandler(handler)
        handler.close()


class LoggedProgress(Progress):
    """Logs steps and notes, and shows them by another progress."""

    def __init__(self, shown_by: Progress) -> None:
        self.shown_by = shown_by

    @contextmanager
    def step(self, title: str, total: int, unit: str) -> Iterator[Step]:
        """Open a step."""
        LOGGER.info("%s: %d x %s", escape_undecodable(title), total, unit)
        with self.shown_by.step(title, total, unit) as step:
            yield step

    def note(self, text: str) -> None:
        """Log and show a note."""
        LOGGER.info("%s", escape_undecodable(text))
        self.shown_by.note(text)
