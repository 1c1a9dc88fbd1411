"""Printing plain tables on the terminal."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Mapping, Sequence

import click

from covey._base.terminal_progress import strip_controls

Group = Mapping[str, Sequence[str]]
"""Columns that belong together: the cells of each column, from the first row to the last, by its heading."""


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; the last column is wrapped at the width of the terminal."""
    widths = [max(len(row[column_index]) for row in [heads, *rows]) for column_index in range(len(heads) - 1)]
    indent = sum(widths) + 2 * len(widths)
    room = max(30, shutil.get_terminal_size((120, 24)).columns - indent)
    for number, row in enumerate([heads, *rows]):
        start = "".join(cell.ljust(width + 2) for cell, width in zip(row, widths, strict=False))
        lines = textwrap.wrap(row[-1], room) or [""]
        for line_index, line in enumerate(lines):
            text = ((start if line_index == 0 else " " * indent) + line).rstrip()
            click.echo(click.style(text, bold=True) if number == 0 else text)


def print_column_groups(groups: Sequence[Group]) -> None:
    """Print numbered rows in which no cell is wrapped.

    Groups of columns are printed side by side as far as they fit the terminal (80 characters without one), the other
    groups below, with the same row numbers.
    """
    count = len(next(iter(groups[0].values())))
    number_column = _align_columns({"": [str(number) for number in range(1, count + 1)]})
    room = shutil.get_terminal_size((80, 24)).columns
    for at, block in enumerate(_arrange_groups(number_column, map(_align_columns, groups), room)):
        head, *rows = (strip_controls(line).rstrip() for line in block)
        click.echo(("\n" if at else "") + click.style(head, bold=True))
        click.echo("\n".join(rows))


def _align_columns(group: Group) -> list[str]:
    """Return the lines of a group of columns, the headings first, all of one length."""
    columns = [[head, *cells] for head, cells in group.items()]
    widths = [max(map(len, column)) for column in columns]
    return [
        "  ".join(column[row].ljust(width) for column, width in zip(columns, widths, strict=True))
        for row in range(len(columns[0]))
    ]


def _arrange_groups(numbers: Sequence[str], groups: Iterable[Sequence[str]], room: int) -> list[Sequence[str]]:
    """Return the lines of tables, each with as many of the groups as fit into the room."""
    blocks: list[Sequence[str]] = []
    for group in groups:
        if blocks and len(blocks[-1][0]) + 2 + len(group[0]) <= room:
            blocks[-1] = _join_blocks(blocks[-1], group)
        else:
            blocks.append(_join_blocks(numbers, group))
    return blocks


def _join_blocks(first: Sequence[str], second: Sequence[str]) -> list[str]:
    return [f"{left}  {right}" for left, right in zip(first, second, strict=True)]
