"""What pages have in common: the dataset that is open, what components are called, tables of text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from html import escape
from pathlib import Path

import streamlit as st
from streamlit.errors import StreamlitPageNotFoundError

from covey import CoveyError
from covey.frontend import Registered
from covey_dashboard.current_dataset import current_location
from covey_dashboard.data.datasets import list_tables
from covey_dashboard.data.table_titles import as_utf8
from covey_dashboard.server.read_only import NO_DATASET, REASON, is_read_only
from covey_dashboard.widgets.messages import show_hint, show_problem


def show_page(show: Callable[[str], None], is_changing: bool = False) -> None:
    """Show a page about the dataset that is open; say so if there is none, or what is wrong with it.

    Args:
        show: shows the page, given the location of the dataset.
        is_changing: whether the page is there to change something; it is not shown in read-only mode.
    """
    if is_changing and is_read_only():
        show_hint(REASON)
        return
    location = current_location()
    if not location:
        show_hint(NO_DATASET if is_read_only() else "No dataset is open yet: choose one on the page Start.")
        link_page("start", "Open the page Start")
        return
    try:
        with st.container():  # a problem more does not rebuild what is below
            for problem in list_tables(location).problems:
                show_problem(problem)
        show(location)
    except CoveyError as error:
        show_problem(str(error))


def link_page(name: str, label: str, icon: str | None = None) -> None:
    """Show a link to a page of the dashboard; nothing where that page is absent, as some are in read-only mode."""
    with suppress(StreamlitPageNotFoundError):
        st.page_link(f"../pages/{name}/page.py", label=label, icon=icon)


def show_heading(title: str, location: str) -> None:
    """Show what page this is, and the dataset that it is about."""
    name = f'<span title="{escape(as_utf8(location))}">{escape(as_utf8(name_dataset(location)))}</span>'
    st.html(f'<div class="covey-heading"><h1>{escape(title)}</h1>{name if location else ""}</div>')


def show_step_heading(text: str) -> None:
    """Show the heading of a part of a page."""
    st.html(f'<h2 class="covey-step">{escape(text)}</h2>')


def name_dataset(location: str) -> str:
    """Return what a dataset is called: the name of its folder, or where it lies elsewhere."""
    return Path(location).name or location


def show_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Show a table of plain text, whatever is in it."""
    head_html = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body_html = "".join(f"<tr>{''.join(f'<td>{escape(as_utf8(cell))}</td>' for cell in row)}</tr>" for row in rows)
    st.html(f'<table class="covey-table"><tr>{head_html}</tr>{body_html}</table>')


def title_components(components: Sequence[Registered]) -> dict[str, str]:
    """Return what each component is called, by its full name: its name, in full if two have the same."""
    count_by_name = Counter(component.name for component in components)
    return {
        component.full_name: component.name if count_by_name[component.name] == 1 else component.full_name
        for component in components
    }
