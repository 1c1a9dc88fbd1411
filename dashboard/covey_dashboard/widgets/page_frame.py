"""What pages have in common: the dataset that is open, what tables and components are called, tables of text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape

import streamlit as st

from covey import CoveyError
from covey.frontend import AnyEntry, Registered, TableKind, format_value
from covey_dashboard.data import cache
from covey_dashboard.data import current_dataset as choice
from covey_dashboard.server.read_only import REASON, is_read_only
from covey_dashboard.widgets import messages as notice

TABLE_TITLES = {
    TableKind.FEATURES: "Features",
    TableKind.EMBEDDING: "Embedding",
    TableKind.CLUSTERING: "Clusters",
}


def of_dataset(show: Callable[[str], None], changing: bool = False) -> None:
    """Show a page about the dataset that is open; say so when there is none, or what is wrong with it.

    A page for `changing` something is not shown in read-only mode.
    """
    location = choice.location()
    if changing and is_read_only():
        notice.hint(REASON)
        return
    if not location:
        notice.hint("No dataset is open yet: choose one on the page Data.")
        return
    try:
        for sentence in cache.list_tables(location)[1]:
            notice.problem(sentence)
        show(location)
    except CoveyError as error:
        notice.problem(str(error))


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Show a table of plain text, whatever is in it."""
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(plain(cell))}</td>' for cell in row)}</tr>" for row in rows)
    st.html(f'<table class="covey-table"><tr>{head}</tr>{body}</table>')


def plain(text: str) -> str:
    """Return a text as UTF-8 can hold it; a name of a file may be none."""
    return text.encode("utf-8", "replace").decode("utf-8")


def titles(entries: Sequence[AnyEntry]) -> dict[str, str]:
    """Return what each table is called: what made it, and the options or the file that tell it from the others."""
    alike: dict[str, list[AnyEntry]] = {}
    for entry in entries:
        alike.setdefault(_title(entry), []).append(entry)
    title_by_name = {
        name: plain(title + apart) for title, group in alike.items() for name, apart in _distinguish(group).items()
    }
    return {entry.name: title_by_name[entry.name] for entry in entries}


def made_from(entry: AnyEntry, table: AnyEntry) -> bool:
    """Return whether a clustering was made from another table."""
    return (
        entry.kind is TableKind.CLUSTERING
        and entry.provenance is not None
        and entry.provenance.input == key_of_entry(table)
    )


def key_of_entry(entry: AnyEntry) -> str | None:
    """Return the key of what made a table, None where it does not say."""
    return entry.provenance.key if entry.provenance else None


def called(offered: Sequence[Registered]) -> dict[str, str]:
    """Return what each component is called, by its full name: its name, in full where two have the same."""
    twice = Counter(item.name for item in offered)
    return {item.full_name: item.name if twice[item.name] == 1 else item.full_name for item in offered}


def _title(entry: AnyEntry) -> str:
    origin = entry.provenance
    tags = " · ".join(step.tag for step in reversed(origin.lineage)) if origin else entry.name
    return f"{TABLE_TITLES[entry.kind]}: {tags}"


def _distinguish(group: Sequence[AnyEntry]) -> dict[str, str]:
    """Return what tells each of some tables of one title from the others, "" for one alone."""
    every = [_settings(one) for one in group]
    telling = [name for name in every[0] if len({settings.get(name) for settings in every}) > 1]
    said = [[f"{name.rpartition('.')[2]} {settings.get(name)}" for name in telling] for settings in every]
    distinctions = [
        [*parts, *([one.name] if said.count(parts) > 1 else [])] for one, parts in zip(group, said, strict=True)
    ]
    return {one.name: f" ({', '.join(parts)})" if parts else "" for one, parts in zip(group, distinctions, strict=True)}


def _settings(entry: AnyEntry) -> Mapping[str, str]:
    """Return the options of all steps that made a table, each as "kind.option"."""
    chain = entry.provenance.lineage if entry.provenance else []
    return {f"{step.kind}.{name}": format_value(value) for step in chain for name, value in step.options.items()}
