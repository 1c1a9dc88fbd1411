"""Praat's TextGrids: tiers of labelled intervals and points, one file a recording."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import attrs

from covey._base.errors import CoveyError, did_you_mean
from covey._base.text import preview
from covey.outputs.exchange.selection_tables.selections import (
    NO_TIMES,
    ForeignTableError,
    SelectionRow,
    SelectionTable,
    parse_seconds,
    read_lines,
)

_TOKEN = re.compile(
    r'"(?P<text>[^"]*(?:""[^"]*)*)"|(?<!\S)(?P<number>[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)(?!\S)|(?<!\S)!.*'
    r"|(?P<exists><exists>)"
)
"""What Praat reads in its text files: texts in quotation marks, in which "" stands for one, and numbers that stand
alone; all else is for people (https://www.fon.hum.uva.nl/praat/manual/TextGrid_file_formats.html)."""


@attrs.frozen
class _Tier:
    name: str
    selections: list[SelectionRow]


def read_textgrid(path: Path, tier: str | None = None) -> SelectionTable:
    """Read a TextGrid in Praat's long or short text format, of the recording that has its name.

    Intervals and points without a text are no selections. If no tier has a text, a person found nothing.

    Args:
        path: the file.
        tier: the tier with the classes; by default the first one with any text.

    Raises:
        CoveyError: the file cannot be read, is no TextGrid, or lacks the tier.
    """
    tokens = [match for match in _TOKEN.finditer("\n".join(read_lines(path))) if match.lastgroup]
    try:
        tiers = list(_read_tiers(path, iter(tokens)))
    except (RuntimeError, ValueError, TypeError, AttributeError) as error:
        problem = "is damaged or cut off" if tokens and tokens[0]["text"] else "is no text"
        raise ForeignTableError(f"{path} {problem}: TextGrids are saved by Praat as text files.") from error
    matching_tiers = [candidate for candidate in tiers if tier in (None, candidate.name)]
    if tier is not None and not matching_tiers:
        names = [candidate.name for candidate in tiers]
        raise CoveyError(f"{path} has no tier {tier!r}.{did_you_mean(tier, names)} There is: {preview(names)}.")
    chosen = next((candidate for candidate in matching_tiers if candidate.selections), _Tier("", []))
    is_empty = not any(candidate.selections for candidate in tiers)
    return SelectionTable(
        path=path, selections=chosen.selections, column=chosen.name, looked_at=path.stem if is_empty else ""
    )


def _read_tiers(path: Path, tokens: Iterator[re.Match[str]]) -> Iterator[_Tier]:
    """Yield the tiers. Raises what reading another kind of token does, or RuntimeError at the end of the tokens."""
    kind, object_class = next(tokens)["text"], next(tokens)["text"]
    if not kind.startswith("ooTextFile") or object_class != "TextGrid":
        raise ValueError("no TextGrid")
    next(tokens), next(tokens)  # from when to when
    if next(tokens)["exists"]:
        for _ in range(int(next(tokens)["number"])):
            is_interval = {"IntervalTier": True, "TextTier": False}.get(next(tokens)["text"])
            if is_interval is None:
                raise ValueError("unknown kind of tier")
            name = _unquote(next(tokens))
            next(tokens), next(tokens)
            rows = [_read_entry(path, name, tokens, is_interval) for _ in range(int(next(tokens)["number"]))]
            yield _Tier(name, [row for row in rows if row.label])


def _read_entry(path: Path, tier: str, tokens: Iterator[re.Match[str]], is_interval: bool) -> SelectionRow:
    begin = parse_seconds(next(tokens)["number"])
    end = parse_seconds(next(tokens)["number"]) if is_interval else begin
    row = f"{path.name} tier {tier!r} at {begin:g} s"
    problem = "" if 0 <= begin <= end else NO_TIMES
    return SelectionRow(sound=path.stem, begin=begin, end=end, label=_unquote(next(tokens)), row=row, problem=problem)


def _unquote(token: re.Match[str]) -> str:
    """Return a text of Praat in one line. Raises TypeError if it is none."""
    return re.sub(r"\s*\n\s*", " ", re.sub('""', '"', token["text"])).strip()
