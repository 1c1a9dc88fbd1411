"""Recordings come from a source: what it has is counted first, then fetched as a task."""

from __future__ import annotations

import streamlit as st

from covey import CoveyError
from covey.frontend import (
    SURVEY_HEADS,
    FetchTask,
    Kind,
    RecordingChoice,
    Source,
    count_noun,
    lacks_key,
    store_key,
    survey_recordings,
)
from covey_dashboard.data.datasets import dataset_at, registry
from covey_dashboard.server.read_only import refuse_if_read_only
from covey_dashboard.state import KEPT, StartState, SurveyTable
from covey_dashboard.widgets.every_page.jobs import run_action, start_task
from covey_dashboard.widgets.every_page.page_progress import PageProgress
from covey_dashboard.widgets.every_page.start_button import show_start_button
from covey_dashboard.widgets.forms import show_form
from covey_dashboard.widgets.messages import show_hint, show_problem
from covey_dashboard.widgets.page_frame import show_table, title_components

FIRST = ("xeno-canto", "inaturalist")
"""The sources that are offered before others."""
USUAL_CHOICE = RecordingChoice(most=100)
MANY = 500
"""From here on people read what the terms of the source say about many recordings."""


def offer_sources(location: str) -> None:
    """Let a person ask a source for recordings, and fetch them into a dataset.

    Raises:
        CoveyError: the dataset cannot be read.
    """
    st.fragment(_choose_recordings)(location)


def _choose_recordings(location: str) -> None:
    cls = _choose_source()
    if cls is None:
        return
    if lacks_key(cls):
        _ask_for_key(cls)
        return
    query = st.text_input(
        "What do you look for?",
        key=StartState.query.key,
        persist_state=KEPT,
        help=cls.query_hint,
        placeholder="words of the source",
    ).strip()
    if cls.query_hint:
        st.caption(cls.query_hint)
    with st.expander("Which of them, and how many"):
        choice = show_form(RecordingChoice, StartState.choice_form_key, USUAL_CHOICE)
        source = show_form(cls, StartState.source_form_key(cls.name))
    if choice is None or source is None:
        return
    question = repr((source, query, choice))
    if st.button("Count what there is", key=StartState.count_key, disabled=not query):
        _survey(source, query, choice, question)
    survey = StartState.recall().survey
    if survey and survey.question == question:
        task = FetchTask(source=source, queries=(query,), choice=choice, dataset=dataset_at(location).home)
        _offer_fetching(location, survey, task)


def _choose_source() -> type[Source] | None:
    """Let a person choose one of the sources that are ready to work; None if there is none."""
    sources = [source for source in registry().of_kind(Kind.SOURCE) if not source.missing]
    sources.sort(key=lambda source: (FIRST.index(source.name) if source.name in FIRST else len(FIRST), source.name))
    titles = title_components(sources)
    summaries = {source.full_name: f"{titles[source.full_name]}: {source.summary}" for source in sources}
    full_name = st.selectbox(
        "Where from?",
        list(summaries),
        key=StartState.source.key,
        persist_state=KEPT,
        format_func=summaries.__getitem__,
    )
    try:
        return registry().get(Kind.SOURCE, full_name) if full_name else None
    except CoveyError as error:
        show_problem(str(error))
        return None


def _ask_for_key(cls: type[Source]) -> None:
    """Ask for the key of a source, which goes into a file that only the user of this machine can read."""
    assert cls.key is not None
    show_hint(f"{cls.name} asks who you are. {cls.key.how} It is kept on this machine, and shown nowhere.")
    secret = st.text_input(f"Your key of {cls.name}", type="password", key=StartState.secret.key)
    if st.button("Keep this key", type="primary"):
        run_action(_keep_key, cls.name, secret.strip())
        st.rerun()


def _keep_key(source: str, secret: str) -> None:
    if not secret:
        raise CoveyError("Type or paste the key first.")
    store_key(source, secret)


def _survey(source: Source, query: str, choice: RecordingChoice, question: str) -> None:
    """Count what a source has, and remember it; show the error message if that fails."""
    state = StartState.recall()
    state.survey = None
    try:
        refuse_if_read_only()
        survey = survey_recordings(source, [query], choice, PageProgress(), keep_recordings=False)
    except CoveyError as error:
        show_problem(str(error))
        return
    chosen = survey.chosen.recordings
    terms = source.terms if chosen > MANY else ""
    state.survey = SurveyTable(question, [list(row) for row in survey.rows()], chosen, terms)


def _offer_fetching(location: str, survey: SurveyTable, task: FetchTask) -> None:
    """Show what there is, with licences, and offer to fetch it."""
    show_table(SURVEY_HEADS, survey.rows)
    if survey.terms:
        show_hint(survey.terms)
    if not survey.chosen:
        show_hint("Nothing of it would be fetched: look for something else, or choose other licences.")
        return
    label = f"Get {count_noun(survey.chosen, 'recording')}"
    show_start_button(label, StartState.fetch_key, location, start_task, task)
