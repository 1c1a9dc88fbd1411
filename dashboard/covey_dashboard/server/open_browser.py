"""Opening the dashboard in a browser without showing its token to others on this machine."""

from __future__ import annotations

import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

_PAGE = """<!doctype html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={address}">
<title>covey</title>
<a href="{address}">Open the dashboard</a>
"""


@contextmanager
def open_browser(address: str) -> Iterator[None]:
    """Open a browser at an address that holds a token; the file that leads there lasts as long as the block.

    Everybody on a machine can list the arguments of all programs. The browser is therefore given a file that only this
    user can read, and the file leads to the address.
    """
    with TemporaryDirectory(prefix="covey-") as folder:
        page_path = Path(folder) / "dashboard.html"
        page_path.touch(0o600)
        page_path.write_text(_PAGE.format(address=escape(address)), "utf-8")
        webbrowser.open(page_path.as_uri())
        yield
