"""What was found: examples of the largest groups, and where to go on."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import quote

import attrs
import numpy as np
import streamlit as st

from covey import Clustering, Floats
from covey.frontend import NOISE, AnyEntry, count_noun, is_entry_of
from covey_dashboard.data.caching import cached
from covey_dashboard.data.clips.find_axes import find_axes
from covey_dashboard.data.clusterings import describe_share, list_stored_clusterings
from covey_dashboard.data.datasets import OpenEmbedding, dataset_at, image_folder, load_embedding, load_table
from covey_dashboard.data.metadata import recording_names
from covey_dashboard.data.table_titles import as_utf8
from covey_dashboard.server import thumbnails
from covey_dashboard.state import StartState
from covey_dashboard.widgets.messages import show_hint
from covey_dashboard.widgets.page_frame import link_page

MOST_GROUPS = 5
EXAMPLES = 6


@attrs.frozen
class GroupExamples:
    """A group of a clustering: its number, how many images it has, and typical ones."""

    number: int
    size: int
    names: list[str]


@attrs.frozen
class GroupingSummary:
    """What a clustering found: the largest groups, and how many groups, images and images outside all groups."""

    largest: list[GroupExamples]
    group_count: int
    image_count: int
    noise_count: int


def show_results(opened: OpenEmbedding) -> None:
    """Show the ways on, and examples of the largest groups that were found last.

    Raises:
        CoveyError: a table cannot be read.
    """
    entry = find_latest_clustering(opened)
    summary = summarize_groups(opened, entry) if entry else None
    with st.container(horizontal=True, vertical_alignment="center", key=StartState.ways_key):
        if summary:
            st.text(describe_groups(summary))
        link_page("explore", "Explore the groups", ":material/scatter_plot:")
        link_page("worklist", "Work through the rest", ":material/checklist:")
    if summary and not summary.group_count:
        show_hint(explain_no_groups(summary.image_count))
    address = thumbnails.address(image_folder(opened.location))
    if summary and summary.largest and address:
        st.caption(describe_axes(opened.location, summary.largest[0].names))
        st.html("".join(_draw_group(group, address) for group in summary.largest))


def describe_axes(location: str, names: Sequence[str]) -> str:
    """Return what rows and columns of the pictures of a dataset show, as some tell; "" where that is not known."""
    axes = find_axes(image_folder(location), names)
    if not axes.scale:
        return ""
    lengths_s = {clip.duration_s for clip in dataset_at(location).clips(names).values()} - {0.0}
    across = f", {lengths_s.pop():.3g} s from left to right" if len(lengths_s) == 1 else ""
    return f"Each picture shows {axes.low_hz / 1000:.3g} to {axes.high_hz / 1000:.3g} kHz from bottom to top{across}."


def find_latest_clustering(opened: OpenEmbedding) -> AnyEntry | None:
    """Return the clustering of an embedding that was made last; None if the dataset has none."""
    home = dataset_at(opened.location).home
    entries = [entry for entry, _ in list_stored_clusterings(opened)]

    def made_at(entry: AnyEntry) -> float:
        path = home / entry.name
        return path.stat().st_mtime if path.is_file() else 0.0

    return max(entries, key=made_at, default=None)


@cached(spinner="Looking at the groups", max_entries=8)
def summarize_groups(opened: OpenEmbedding, entry: AnyEntry) -> GroupingSummary:
    """Return what a clustering found, with typical images of the largest groups.

    Raises:
        CoveyError: a table cannot be read.
    """
    assert is_entry_of(entry, Clustering)
    clustering, embedding = load_table(opened.location, entry), load_embedding(opened)
    labels = clustering.labels
    numbers, sizes = np.unique(labels[labels != NOISE], return_counts=True)
    order = np.argsort(-sizes, kind="stable")[:MOST_GROUPS]
    row_by_name = {name: row for row, name in enumerate(embedding.names.tolist())}
    names = clustering.names.tolist()
    largest = []
    for number, size in zip(numbers[order], sizes[order], strict=True):
        members = [names[row] for row in np.flatnonzero(labels == number) if names[row] in row_by_name]
        Z = embedding.Z[[row_by_name[name] for name in members]]
        largest.append(GroupExamples(int(number), int(size), choose_examples(members, Z)))
    return GroupingSummary(largest, len(numbers), len(labels), int((labels == NOISE).sum()))


def choose_examples(names: list[str], Z: Floats) -> list[str]:
    """Return the images nearest to the middle of a group, if possible each of another recording.

    Args:
        names: the images of the group.
        Z: where they lie (n, k) float32.
    """
    if not names:
        return []
    order = np.argsort(np.square(Z - Z.mean(axis=0)).sum(axis=1), kind="stable")
    recordings = recording_names(names)
    seen: set[str] = set()
    firsts: list[str] = []
    others: list[str] = []
    for row in order:
        is_new = not recordings[row] or recordings[row] not in seen
        (firsts if is_new else others).append(names[row])
        seen.add(recordings[row])
    return [*firsts, *others][:EXAMPLES]


def describe_groups(summary: GroupingSummary) -> str:
    """Return how many groups there are, and how many images are in none."""
    share = describe_share(summary.noise_count, summary.image_count)
    return (
        f"{count_noun(summary.group_count, 'group')} in {count_noun(summary.image_count, 'image')};"
        f" {summary.noise_count:,} ({share}) belong to none."
    )


def explain_no_groups(image_count: int) -> str:
    """Return why no groups were found, and what to do."""
    return (
        f"No group came out of {count_noun(image_count, 'image')}: groups need images that are alike, five or more of"
        " each kind. Add recordings or images, or try wider groups on the page Explore."
    )


def _draw_group(group: GroupExamples, address: str) -> str:
    images = "".join(
        f'<img src="{escape(address)}{quote(as_utf8(name), safe="")}" alt="{escape(as_utf8(name))}">'
        for name in group.names
    )
    words = f"<b>Group {group.number}</b> {count_noun(group.size, 'image')}"
    return f'<div class="covey-group"><p>{words}</p><div>{images}</div></div>'
