"""Plain tables on the terminal."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence

import click


def show(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; the last column is wrapped where the terminal ends."""
    widths = [max(len(row[at]) for row in [heads, *rows]) for at in range(len(heads) - 1)]
    left = sum(widths) + 2 * len(widths)
    room = max(30, shutil.get_terminal_size((120, 24)).columns - left)
    for number, row in enumerate([heads, *rows]):
        start = "".join(cell.ljust(width + 2) for cell, width in zip(row, widths, strict=False))
        lines = textwrap.wrap(row[-1], room) or [""]
        for at, line in enumerate(lines):
            text = ((start if at == 0 else " " * left) + line).rstrip()
            click.echo(click.style(text, bold=True) if number == 0 else text)
