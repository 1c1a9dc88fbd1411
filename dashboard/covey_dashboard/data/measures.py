"""The measures of all clusterings of a dataset: computed once, in the background."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future

import attrs

from covey.frontend import AnyEntry, Column, Leaderboard, Row, rank_rows, select_columns
from covey_dashboard.data.agreements import background
from covey_dashboard.data.caching import cached
from covey_dashboard.data.datasets import dataset_at, registry
from covey_dashboard.data.labels import ObservedLabels, classes_by_image

MOST_AT_ONCE = 200_000
"""Images in all clusterings together up to which these are measured without being asked to."""


@attrs.frozen
class Ranking:
    """The clusterings of a dataset with their measures, the best first, and the columns that are shown."""

    rows: Sequence[Row]
    columns: Sequence[Column]


def is_quick(entries: Sequence[AnyEntry]) -> bool:
    """Whether some clusterings are so small that they can be measured unasked."""
    return sum(entry.shape[0] for entry in entries) <= MOST_AT_ONCE


def begin_ranking(location: str, observed: ObservedLabels, entries: Sequence[AnyEntry]) -> Future[Ranking]:
    """Return the ranking of the clusterings of a dataset, begun unless that has been done for these labels.

    Raises:
        CoveyError: the labels cannot be read.
    """
    return _begin_ranking(location, observed, tuple(entries))


@cached(max_entries=8)
def _begin_ranking(location: str, observed: ObservedLabels, entries: tuple[AnyEntry, ...]) -> Future[Ranking]:
    classes = {name: labels[0] for name, labels in classes_by_image(observed).items() if len(labels) == 1}
    return background().submit(_rank, location, classes or None)


def _rank(location: str, classes: Mapping[str, str] | None) -> Ranking:
    board = Leaderboard(registry(), dataset_at(location))
    rows = rank_rows(board.rows(classes), board.columns)
    return Ranking(rows, select_columns(board.columns, classes is not None))
