"""Plain tables on the terminal."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Mapping, Sequence

import click

from covey.commands.terminal.progress_bars import strip_controls

Group = Mapping[str, Sequence[str]]
"""Columns that belong together: the cells of each, from the first row to the last, by its head."""


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; the last column is wrapped where the terminal ends."""
    widths = [max(len(row[at]) for row in [heads, *rows]) for at in range(len(heads) - 1)]
    indent = sum(widths) + 2 * len(widths)
    room = max(30, shutil.get_terminal_size((120, 24)).columns - indent)
    for number, row in enumerate([heads, *rows]):
        start = "".join(cell.ljust(width + 2) for cell, width in zip(row, widths, strict=False))
        lines = textwrap.wrap(row[-1], room) or [""]
        for at, line in enumerate(lines):
            text = ((start if at == 0 else " " * indent) + line).rstrip()
            click.echo(click.style(text, bold=True) if number == 0 else text)


def print_column_groups(groups: Sequence[Group]) -> None:
    """Print numbered rows in which no cell is broken.

    Groups of columns stand beside each other as far as the terminal is wide, 80 characters where there is none, and the
    others below, under the same numbers.
    """
    count = len(next(iter(groups[0].values())))
    numbers = _aligned({"": [str(number) for number in range(1, count + 1)]})
    room = shutil.get_terminal_size((80, 24)).columns
    for at, block in enumerate(_blocks(numbers, map(_aligned, groups), room)):
        head, *rows = (strip_controls(line).rstrip() for line in block)
        click.echo(("\n" if at else "") + click.style(head, bold=True))
        click.echo("\n".join(rows))


def _aligned(group: Group) -> list[str]:
    """Return the lines of some columns, the heads first, all of one length."""
    columns = [[head, *cells] for head, cells in group.items()]
    widths = [max(map(len, column)) for column in columns]
    rows = zip(*columns, strict=True)
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]


def _blocks(numbers: Sequence[str], groups: Iterable[Sequence[str]], room: int) -> list[Sequence[str]]:
    """Return the lines of tables of which each has as many of the groups as there is room for."""
    blocks: list[Sequence[str]] = []
    for group in groups:
        if blocks and len(blocks[-1][0]) + 2 + len(group[0]) <= room:
            blocks[-1] = _join_blocks(blocks[-1], group)
        else:
            blocks.append(_join_blocks(numbers, group))
    return blocks


def _join_blocks(first: Sequence[str], second: Sequence[str]) -> list[str]:
    return [f"{one}  {other}" for one, other in zip(first, second, strict=True)]
