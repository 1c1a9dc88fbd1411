"""The page About the data: what is known of the images, whom to thank for them, and how they were made."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import streamlit as st

from covey import CoveyError
from covey.frontend import FILES, PARAMETERS, Metadata, Value, column_kind, format_value, reason, xeno_canto_number
from covey_dashboard.data import cache
from covey_dashboard.data import current_dataset as choice
from covey_dashboard.data.cache import Source
from covey_dashboard.widgets import messages as notice
from covey_dashboard.widgets import page_frame as page

LISTED = 1000
"""Rows and values that are shown, at most."""
LINKED = 500
"""Recordings of one person that are listed, at most."""
LONG = 200
"""Letters of a cell that are shown, at most."""
RANGES = 12
"""Ranges in which numbers are counted, where there are more different ones."""
_LICENCE = re.compile(r"(?:https?:)?//creativecommons\.org/(licenses|publicdomain)/([a-z-]{1,20})/(\d\.\d)/?")


@attrs.frozen(kw_only=True, eq=False)
class Known:
    """What is known of images: in words, and a value of each column for each of `names`."""

    told: str
    names: Sequence[str]
    columns: Mapping[str, Sequence[Value]]


def show(location: str) -> None:
    """Show what is known of a dataset. Raises CoveyError."""
    table, source = cache.known(location), choice.source(location)
    columns = of_images(location, source.identity if source else "", source)
    if table.path:
        st.text(page.plain(columns.told))
    else:
        notice.hint(
            f"There is no metadata: put a table into the dataset, called {FILES[0]}, {FILES[1]} or {FILES[2]}. Its rows"
            " belong to images (column filename), to recordings (column file_name_stub or recording: what the names of"
            " their images begin with) or to numbers at xeno-canto (column id)."
        )
    of_table, of_counts, of_credits, of_recipe = st.tabs(["Table", "Counts", "Credits", "Spectrograms"])
    with of_table:
        show_table(table)
    with of_counts:
        show_counts(columns)
    with of_credits:
        show_credits(columns)
    with of_recipe:
        show_recipe(location)


@st.cache_resource(show_spinner="Reading the metadata", max_entries=2, ttl=cache.METADATA_LASTS)
def of_images(location: str, identity: str, _source: Source | None) -> Known:
    """Return what is known of the images of an embedding, or, without one, of all images. Raises CoveyError."""
    folder = cache.images(location)
    names = cache.embedding(_source).names.tolist() if _source else sorted(folder.walk()) if folder else []
    table = cache.known(location)
    return Known(told=table.told(names), names=names, columns=table.of(names))


def show_table(table: Metadata) -> None:
    """Show the rows of the metadata, those with a text where one is asked for."""
    if not table.columns:
        st.text("There is no table.")
        return
    called = {row: value for (_, value), row in table.rows.items()}
    count = len(next(iter(table.columns.values())))
    query = st.text_input("Search", placeholder="in all columns").strip().casefold()
    rows = [row for row in range(count) if query in text(called, table, row)] if query else list(range(count))
    st.caption(f"{len(rows):,} of {count:,} rows" + (f", the first {LISTED:,} shown" if len(rows) > LISTED else ""))
    listed_rows = rows[:LISTED]
    columns = {head: [cell(column[row]) for row in listed_rows] for head, column in table.columns.items()}
    st.dataframe({"belongs to": [cell(called.get(row)) for row in listed_rows], **columns}, hide_index=True)


def text(called: Mapping[int, str], table: Metadata, row: int) -> str:
    """Return all that a row says, in lower case."""
    return " ".join([called.get(row, ""), *(str(column[row] or "") for column in table.columns.values())]).casefold()


def cell(content: Value) -> Value:
    """Return a value as it is shown: a number as it is, text cut where it is very long."""
    if content is None or (isinstance(content, int | float) and not isinstance(content, bool)):
        return content
    text_value = page.plain(str(content))
    return text_value if len(text_value) <= LONG else f"{text_value[:LONG]} …"


def show_counts(columns: Known) -> None:
    """Show how many images have each value of a column that a person chooses."""
    if not columns.columns:
        st.text("There is nothing to count: neither metadata, nor names of images that tell their recordings.")
        return
    column = st.selectbox("Count the images by", list(columns.columns))
    counts = counted(columns.columns[column])
    st.caption(f"{len(counts):,} values" + (f", the first {LISTED:,} shown" if len(counts) > LISTED else ""))
    listed_counts = counts[:LISTED]
    most = max((count for _, count in listed_counts), default=0)
    bar = st.column_config.ProgressColumn("images", format="%d", min_value=0, max_value=max(1, most))
    table = {"value": [value for value, _ in listed_counts], "images": [count for _, count in listed_counts]}
    st.dataframe(table, column_config={"images": bar}, hide_index=True)


def counted(values: Sequence[Value]) -> list[tuple[str, int]]:
    """Return the values with how many images have each: text by frequency, numbers in order, many in ranges."""
    present = [value for value in values if value is not None]
    none = [("unknown", len(values) - len(present))] if len(present) < len(values) else []
    counts = Counter(present)
    if column_kind(values) == "text":
        return [(str(cell(value)), count) for value, count in counts.most_common()] + none
    if len(counts) <= RANGES:
        return [(f"{value:.12g}", count) for value, count in sorted(counts.items(), key=lambda item: item[0])] + none
    frequencies, edges = np.histogram(np.array(present, dtype=np.float64), RANGES)
    ranges = [f"{low:.4g} to {high:.4g}" for low, high in pairwise(edges)]
    return list(zip(ranges, frequencies.tolist(), strict=True)) + none


def show_credits(columns: Known) -> None:
    """Show who recorded what, by licence."""
    credits = credited(columns)
    if not credits:
        st.text("The metadata do not say who recorded the images (column rec) and under which licence (column lic).")
        return
    for licence, people in sorted(credits.items()):
        lines = [f"{escape(page.plain(person))}: {linked(numbers)}" for person, numbers in sorted(people.items())]
        st.html(f"<b>{licence_link(licence)}</b><br>" + "<br>".join(lines))


def linked(numbers: Collection[str]) -> str:
    """Return the recordings of one person as HTML."""
    links = [recording_link(number) for number in sorted(numbers)[:LINKED]]
    return ", ".join(links) + (f" and {len(numbers) - LINKED:,} more" if len(numbers) > LINKED else "")


def credited(columns: Known) -> dict[str, dict[str, set[str]]]:
    """Return the numbers of recordings at xeno-canto by licence and by recordist."""
    none: Sequence[Value] = [None] * len(columns.names)
    people, licences, numbers = (columns.columns.get(head, none) for head in ("rec", "lic", "id"))
    numbers_by_licence: dict[str, dict[str, set[str]]] = {}
    for name, person, licence, number in zip(columns.names, people, licences, numbers, strict=True):
        if person is None and licence is None:
            continue
        by_person = numbers_by_licence.setdefault(str(licence or "Licence unknown"), {}).setdefault(
            str(person or "unknown"), set()
        )
        by_person.add(str(number or xeno_canto_number(name) or name))
    return numbers_by_licence


def licence_link(licence: str) -> str:
    """Return a licence as HTML: with its name and a link where it is one of Creative Commons, else as it is."""
    match = _LICENCE.fullmatch(licence)
    if not match:
        return escape(page.plain(licence))
    kind = {"zero": "CC0", "mark": "Public Domain Mark"}.get(match[2], f"CC {match[2].upper()}")
    return link(f"https://creativecommons.org/{match[1]}/{match[2]}/{match[3]}/", f"{kind} {match[3]}")


def recording_link(number: str) -> str:
    """Return a recording as HTML: a link where it has a number at xeno-canto, else as it is."""
    number = number.removeprefix("XC")
    if re.fullmatch(r"[0-9]{1,9}", number):
        return link(f"https://xeno-canto.org/{number}", f"XC{number}")
    return escape(page.plain(number))


def link(address: str, label: str) -> str:
    """Return a link as HTML."""
    how = 'target="_blank" rel="noopener noreferrer" style="color: inherit"'
    return f'<a href="{escape(address)}" {how}>{escape(label)}</a>'


def show_recipe(location: str) -> None:
    """Show how the spectrograms were made. Raises CoveyError."""
    folder = cache.images(location)
    path = folder.root / PARAMETERS if folder else None
    if path is None or not path.is_file():
        st.text(f"How these images were made is not known: there is no {PARAMETERS} beside them.")
        return
    with st.columns([2, 1])[0]:
        page.table(("Parameter", "Value"), list(recipe(path).items()))


def recipe(path: Path) -> dict[str, str]:
    """Return the parameters in a file, as they are shown. Raises CoveyError."""
    try:
        parameters = json.loads(path.read_text("utf-8"))
        if not isinstance(parameters, dict):
            raise ValueError("it holds no names with values")
        return {name: parameter(value) for name, value in parameters.items()}
    except (OSError, ValueError, RecursionError) as error:
        raise CoveyError(f"{path} cannot be read ({reason(error)}): make the images again, or delete it.") from error


def parameter(setting: Any) -> str:
    """Return a parameter as it is shown: of a list its length and its ends, of a number six digits."""
    if isinstance(setting, list) and setting:
        return f"{len(setting):,} values from {parameter(setting[0])} to {parameter(setting[-1])}"
    if isinstance(setting, dict):
        return ", ".join(f"{name} {parameter(inner)}" for name, inner in setting.items())
    return f"{setting:g}" if isinstance(setting, float) else str(cell(format_value(setting)))


page.of_dataset(show)
