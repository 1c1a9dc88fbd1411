"""Sentences on what became of files since they were last looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from covey._base.text import count_noun, preview


def describe_changes(noun: str, renamed: Sequence[tuple[str, str]], replaced: Sequence[str]) -> Iterator[str]:
    """Yield a sentence on files that were renamed (old and new names), and one on those that were replaced.

    `noun` is what they are called: "image", "recording".
    """
    if renamed:
        pairs = [f"{old} is {new}" for old, new in renamed]
        yield f"{count_noun(len(pairs), noun)} renamed since the last look: {preview(pairs)}."
    if replaced:
        verb = "has" if len(replaced) == 1 else "have"
        yield f"{count_noun(len(replaced), noun)} {verb} other contents now: {preview(replaced)}."
