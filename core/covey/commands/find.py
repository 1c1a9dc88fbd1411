"""covey find: what a source has, before anything is fetched."""

from __future__ import annotations

import shlex

import click

from covey._base.terminal_progress import TerminalProgress, print_text
from covey.commands.flags import flags_of
from covey.commands.terminal.source_flags import build_source, note_queries, print_survey, settings_flag
from covey.components.options import build
from covey.sources.choose_recordings import RecordingChoice, survey_recordings


@click.command()
@click.argument("source")
@click.argument("queries", nargs=-1, required=True, metavar="QUERY...")
@flags_of(RecordingChoice)
@settings_flag()
def find(source: str, queries: tuple[str, ...], settings: tuple[str, ...], **options: object) -> None:
    """Count the recordings that QUERY finds in SOURCE; nothing is fetched.

    The table says how many recordings of how many species there are, how long and under which licences, which of them
    `covey fetch` would fetch, and why not the others. `covey plugins list` names the sources.

    \b
    covey find xeno-canto 'gen:Parus cnt:Switzerland q:A len:5-20'
    """
    component = build_source(source, settings)
    choice = build(RecordingChoice, options)
    note_queries(queries)
    survey = survey_recordings(component, dict.fromkeys(queries), choice, TerminalProgress(), keep_recordings=False)
    print_survey(survey)
    if survey.chosen.recordings:
        words = shlex.join(["covey", "fetch", source, *queries])
        print_text(f"\nTo fetch them: {words} FOLDER, with the same flags")
