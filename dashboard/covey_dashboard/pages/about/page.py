"""The page About the data: what is known of the images, whom to thank for them, and how they were made."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from covey import CoveyError
from covey.frontend import (
    FILES,
    PARAMETERS_FILE,
    Credit,
    CreditedRecording,
    Licence,
    Metadata,
    Value,
    column_kind,
    count_noun,
    format_value,
    list_credits,
    read_text,
    reason,
)
from covey_dashboard.current_dataset import current_embedding
from covey_dashboard.data.datasets import image_folder
from covey_dashboard.data.metadata import ImageMetadata, dataset_metadata, describe_images
from covey_dashboard.data.table_titles import as_utf8
from covey_dashboard.widgets.messages import show_hint
from covey_dashboard.widgets.page_frame import show_page, show_table

MOST_LISTED = 1000
"""Rows and values that are shown, at most."""
MOST_LINKED = 500
"""Recordings of one person that are listed, at most."""
LONGEST_CELL = 200
"""Letters of a cell that are shown, at most."""
COUNT_RANGES = 12
"""Ranges in which numbers are counted, where there are more different ones."""


def show_about(location: str) -> None:
    """Show what is known of a dataset.

    Raises:
        CoveyError: a file cannot be read.
    """
    table = dataset_metadata(location)
    metadata = describe_images(location, current_embedding(location))
    if table.path:
        st.text(as_utf8(metadata.description))
    else:
        show_hint(
            f"There is no metadata: put a table into the dataset, called {FILES[0]}, {FILES[1]} or {FILES[2]}. Its rows"
            " belong to images (column filename), to recordings (column file_name_stub or recording: what the names of"
            " their images begin with) or to numbers at xeno-canto (column id)."
        )
    table_tab, counts_tab, credits_tab, spectrograms_tab = st.tabs(["Table", "Counts", "Credits", "Spectrograms"])
    with table_tab:
        show_rows(table)
    with counts_tab:
        show_counts(metadata)
    with credits_tab:
        show_credits(metadata)
    with spectrograms_tab:
        show_parameters(location)


def show_rows(table: Metadata) -> None:
    """Show the rows of the metadata, or those with the text that a person searches for."""
    if not table.columns:
        st.text("There is no table.")
        return
    owner_by_row = table.owners
    row_count = len(next(iter(table.columns.values())))
    search_text = st.text_input("Search", placeholder="in all columns").strip().casefold()
    row_indices = (
        [row_index for row_index in range(row_count) if search_text in row_text(owner_by_row, table, row_index)]
        if search_text
        else list(range(row_count))
    )
    st.caption(f"{len(row_indices):,} of {count_noun(row_count, 'row')}" + describe_limit(len(row_indices)))
    row_indices = row_indices[:MOST_LISTED]
    columns = {
        head: [format_cell(column[row_index]) for row_index in row_indices] for head, column in table.columns.items()
    }
    st.dataframe(
        {"belongs to": [format_cell(owner_by_row.get(row_index)) for row_index in row_indices], **columns},
        hide_index=True,
    )


def describe_limit(count: int) -> str:
    """Return a phrase that says that not all of a list is shown, "" if all of it is."""
    return f", the first {MOST_LISTED:,} shown" if count > MOST_LISTED else ""


def row_text(owners: Mapping[int, str], table: Metadata, row: int) -> str:
    """Return all that a row says, in lower case."""
    return " ".join([owners.get(row, ""), *(str(column[row] or "") for column in table.columns.values())]).casefold()


def format_cell(cell: Value) -> Value:
    """Return the content of a cell as it is shown: a number as it is, text cut if it is very long."""
    if cell is None or (isinstance(cell, int | float) and not isinstance(cell, bool)):
        return cell
    text = as_utf8(str(cell))
    return text if len(text) <= LONGEST_CELL else f"{text[:LONGEST_CELL]} …"


def show_counts(metadata: ImageMetadata) -> None:
    """Show how many images have each value of a column that a person chooses."""
    if not metadata.columns:
        st.text("There is nothing to count: neither metadata, nor names of images that tell their recordings.")
        return
    column = st.selectbox("Count the images by", list(metadata.columns))
    value_counts = count_values(metadata.columns[column])
    st.caption(count_noun(len(value_counts), "value") + describe_limit(len(value_counts)))
    value_counts = value_counts[:MOST_LISTED]
    largest = max((count for _, count in value_counts), default=0)
    bar = st.column_config.ProgressColumn("images", format="%d", min_value=0, max_value=max(1, largest))
    table = {"value": [value for value, _ in value_counts], "images": [count for _, count in value_counts]}
    st.dataframe(table, column_config={"images": bar}, hide_index=True)


def count_values(values: Sequence[Value]) -> list[tuple[str, int]]:
    """Return the values with how many images have each: text by frequency, numbers in order, many in ranges."""
    known_values = [value for value in values if value is not None]
    unknown_row = [("unknown", len(values) - len(known_values))] if len(known_values) < len(values) else []
    count_by_value = Counter(known_values)
    if column_kind(values) == "text":
        return [(str(format_cell(value)), count) for value, count in count_by_value.most_common()] + unknown_row
    if len(count_by_value) <= COUNT_RANGES:
        return [
            (f"{value:.12g}", count) for value, count in sorted(count_by_value.items(), key=lambda item: item[0])
        ] + unknown_row
    frequencies, edges = np.histogram(np.array(known_values, dtype=np.float64), COUNT_RANGES)
    ranges = [f"{low:.4g} to {high:.4g}" for low, high in pairwise(edges)]
    return list(zip(ranges, frequencies.tolist(), strict=True)) + unknown_row


def show_credits(metadata: ImageMetadata) -> None:
    """Show who recorded what, by licence."""
    credits = list_credits(metadata.names, metadata.columns)
    if not credits:
        st.text("The metadata do not say who recorded the images (column rec) and under which licence (column lic).")
    for licence, credits_of_licence in groupby(credits, key=lambda credit: credit.licence):
        st.html(f"<b>{link_licence(licence)}</b><br>" + "<br>".join(map(describe_credit, credits_of_licence)))


def describe_credit(credit: Credit) -> str:
    """Return the recordings of one person, and when they were fetched, as HTML."""
    links = [link_recording(recording) for recording in credit.recordings[:MOST_LINKED]]
    left_out = len(credit.recordings) - MOST_LINKED
    more = f" and {left_out:,} more" if left_out > 0 else ""
    fetched = f" ({escape(as_utf8(credit.describe_fetching()))})" if credit.fetched else ""
    return f"{escape(as_utf8(credit.recordist))}: {', '.join(links)}{more}{fetched}"


def link_licence(licence: Licence) -> str:
    """Return a licence as HTML: with a link where it is one of Creative Commons."""
    if licence.address:
        return as_link(licence.address, licence.title)
    return escape(as_utf8(licence.title))


def link_recording(recording: CreditedRecording) -> str:
    """Return a recording as HTML, with a link where it has a page."""
    title = as_utf8(recording.title)
    return as_link(recording.address, title) if recording.address else escape(title)


def as_link(address: str, label: str) -> str:
    """Return a link as HTML."""
    attributes = 'target="_blank" rel="noopener noreferrer" style="color: inherit"'
    return f'<a href="{escape(address)}" {attributes}>{escape(label)}</a>'


def show_parameters(location: str) -> None:
    """Show how the spectrograms were made.

    Raises:
        CoveyError: the file cannot be read.
    """
    folder = image_folder(location)
    parameters_path = folder.root / PARAMETERS_FILE if folder else None
    if parameters_path is None or not parameters_path.is_file():
        st.text(f"How these images were made is not known: there is no {PARAMETERS_FILE} beside them.")
        return
    with st.columns([2, 1])[0]:
        show_table(("Parameter", "Value"), list(read_parameters(parameters_path).items()))


def read_parameters(path: Path) -> dict[str, str]:
    """Return the parameters in a file, as they are shown.

    Raises:
        CoveyError: the file cannot be read.
    """
    try:
        parameters = json.loads(read_text(path))
        if not isinstance(parameters, dict):
            raise ValueError("it holds no names with values")
        return {name: format_parameter(value) for name, value in parameters.items()}
    except (OSError, ValueError, RecursionError) as error:
        raise CoveyError(f"{path} cannot be read ({reason(error)}): make the images again, or delete it.") from error


def format_parameter(parameter: Any) -> str:
    """Return a parameter as it is shown: of a list its length and its ends, of a number six digits."""
    if isinstance(parameter, list) and parameter:
        return f"{len(parameter):,} values from {format_parameter(parameter[0])} to {format_parameter(parameter[-1])}"
    if isinstance(parameter, dict):
        return ", ".join(f"{name} {format_parameter(inner_parameter)}" for name, inner_parameter in parameter.items())
    return f"{parameter:g}" if isinstance(parameter, float) else str(format_cell(format_value(parameter)))


show_page(show_about)
