"""What the page Name groups says of each group of a clustering: its size, recordings and typical images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import attrs
import numpy as np

from covey import Clustering, Embedding, Floats
from covey.frontend import NOISE, Entry, count_noun, is_entry_of, measure_oddity
from covey_dashboard.current_dataset import current_embedding
from covey_dashboard.data.caching import cached
from covey_dashboard.data.datasets import list_tables, load_table
from covey_dashboard.data.labels import ObservedLabels, classes_by_image
from covey_dashboard.data.metadata import recording_names
from covey_dashboard.data.selection import Rows
from covey_dashboard.data.table_titles import is_made_from

EXAMPLES = 8
MOST_GROUPS = 200
"""Groups on the sheet, the largest."""


@attrs.frozen(kw_only=True)
class GroupSummary:
    """One group: its number, its images, the most typical of them, and the number of its recordings, 0 if unknown."""

    number: int
    names: Sequence[str]
    recording_count: int
    examples: Sequence[str]

    @property
    def facts(self) -> list[str]:
        """What is known of it, in words."""
        recordings = [count_noun(self.recording_count, "recording")] if self.recording_count else []
        return [count_noun(len(self.names), "image"), *recordings]


@cached(spinner="Looking for typical images", max_entries=4)
def summarize_groups(location: str, entry: Entry[Clustering]) -> list[GroupSummary]:
    """Return the groups of a clustering without noise, the largest first.

    Raises:
        CoveyError: a file cannot be read.
    """
    table = load_table(location, entry)
    Z = _read_embedding(location, entry, table.names.tolist())
    numbers, counts = np.unique(table.labels[table.labels != NOISE], return_counts=True)
    largest = numbers[np.argsort(-counts, kind="stable")][:MOST_GROUPS]
    return [_summarize(table, number, Z) for number in largest.tolist()]


@cached(max_entries=4)
def count_labels(location: str, entry: Entry[Clustering], observed: ObservedLabels) -> Mapping[int, Counter[str]]:
    """Return how many images of each group have each class, by the number of the group.

    Raises:
        CoveyError: a file cannot be read.
    """
    labels_by_image = classes_by_image(observed)
    return {group.number: count_classes(group, labels_by_image) for group in summarize_groups(location, entry)}


def count_classes(group: GroupSummary, labels_by_image: Mapping[str, tuple[str, ...]]) -> Counter[str]:
    """Return how many images of a group have each class."""
    return Counter(label for name in group.names for label in labels_by_image.get(name, ()))


def _summarize(table: Clustering, number: int, Z: Floats | None) -> GroupSummary:
    rows: Rows = np.flatnonzero(table.labels == number)
    typical_rows = rows if Z is None else rows[np.argsort(measure_oddity(Z[rows]), kind="stable")]
    names = table.names[rows].tolist()
    return GroupSummary(
        number=number,
        names=names,
        recording_count=len({*recording_names(names)} - {""}),
        examples=table.names[typical_rows[:EXAMPLES]].tolist(),
    )


def _read_embedding(location: str, entry: Entry[Clustering], names: Sequence[str]) -> Floats | None:
    """Return where images lie in the embedding of which they are clusters (n, k); None if that is not known."""
    embeddings = [candidate for candidate in list_tables(location).entries if is_entry_of(candidate, Embedding)]
    opened = current_embedding(location)
    own_embeddings = [candidate for candidate in embeddings if is_made_from(entry, candidate)]
    for candidate in [*own_embeddings, *([opened.entry] if opened else [])]:
        table = load_table(location, candidate)
        row_by_name = {name: row for row, name in enumerate(table.names.tolist())}
        if all(name in row_by_name for name in names):
            return table.Z[[row_by_name[name] for name in names]]
    return None
