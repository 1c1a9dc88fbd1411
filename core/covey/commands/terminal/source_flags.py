"""What the commands on sources share: the source with its options, and the table of what was found."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import click

from covey._base.terminal_progress import print_text, strip_controls
from covey.commands.flags import F, parse_settings
from covey.commands.terminal.text_tables import print_table
from covey.components.kinds import Kind
from covey.components.options import build, check_paths
from covey.components.source_contract import Source
from covey.plugins.registry import Registry
from covey.sources.choose_recordings import SURVEY_HEADS, Survey

MANY = 500
"""From here on people read what the terms of the source say about many recordings."""


def settings_flag() -> Callable[[F], F]:
    """Add the flag for the options of a source."""
    return click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="source.OPTION=VALUE",
        help="Set an option of the source; `covey plugins show source:NAME` lists them. May be used several times.",
    )


def build_source(name: str, settings: Sequence[str]) -> Source:
    """Return the source of this name with these settings.

    Raises:
        CoveyError: there is no such source, or a setting is wrong.
    """
    cls: type[Source] = Registry.installed().get(Kind.SOURCE, name)
    texts = [text.removeprefix(f"{Kind.SOURCE}.") for text in settings]
    source = build(cls, parse_settings(cls, texts))
    check_paths(source)
    return source


def note_queries(queries: Sequence[str]) -> None:
    """Say of several queries that they add up: many a person means one, and forgot the quotation marks around it."""
    if len(queries) > 1:
        print_text(
            f"{len(queries)} queries, which add up: {'; '.join(queries)}. What belongs to one query stands between one"
            " pair of quotation marks.",
            err=True,
        )


def print_survey(survey: Survey) -> None:
    """Print what was found, what is left out and why, and what the terms say about many recordings."""
    print_table(SURVEY_HEADS, [[strip_controls(cell) for cell in row] for row in survey.rows()])
    if survey.chosen.recordings > MANY and survey.source.terms:
        print_text(f"\n{survey.source.terms}")
