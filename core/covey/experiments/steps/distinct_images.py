"""Images with identical content are one point for reducers and clusterers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import attrs
import numpy as np
from numpy.typing import NDArray

from covey._base.text import FEW
from covey.components.contracts import Labels
from covey.data.provenance import Copies

FEWEST_COPIES = 5
"""So many copies of one image, or more, are a cluster of their own if their point is noise."""
T = TypeVar("T", bound=np.generic)


@attrs.frozen(eq=False)
class DistinctImages:
    """Which rows of a table show distinct images.

    Attributes:
        first_rows: row (m,) of the first image with each content.
        points: for each row (n,), which of the distinct images it shows.
        copies: how many rows are copies of an earlier one, and the first of their names; None if none are.
    """

    first_rows: NDArray[np.intp]
    points: NDArray[np.intp]
    copies: Copies | None

    def select(self, rows: NDArray[T]) -> NDArray[T]:
        """Return the rows (m, ...) of distinct images; all rows (n, ...), untouched, where there are no copies."""
        return rows if self.copies is None else rows[self.first_rows]

    def expand(self, rows: NDArray[T]) -> NDArray[T]:
        """Return a row for each image (n, ...) from rows (m, ...) of distinct images."""
        return rows if self.copies is None else rows[self.points]

    def expand_labels(self, labels: Labels) -> Labels:
        """Return the cluster of each image (n,): copies are in one cluster, and many of them are never noise."""
        if self.copies is None:
            return labels
        grouped, counts = labels.copy(), np.bincount(self.points)
        noisy_groups = np.flatnonzero((labels < 0) & (counts >= FEWEST_COPIES))
        grouped[noisy_groups] = labels.max(initial=-1) + 1 + np.arange(len(noisy_groups))
        return grouped[self.points]


def find_distinct_images(names: Sequence[str], contents: Mapping[str, str]) -> DistinctImages:
    """Return which of some images are distinct.

    Args:
        names: the images.
        contents: hash of the content of each, by name. An image whose content is not known is distinct.
    """
    points_by_content: dict[str, int] = {}
    first_rows: list[int] = []
    points = np.empty(len(names), np.intp)
    for row, name in enumerate(names):
        point = points_by_content.setdefault(contents.get(name) or f"name {name}", len(first_rows))
        if point == len(first_rows):
            first_rows.append(row)
        points[row] = point
    is_copy = np.ones(len(names), bool)
    is_copy[first_rows] = False
    copied_names = [names[row] for row in np.flatnonzero(is_copy)[:FEW]]
    count = int(is_copy.sum())
    copies = Copies(count=count, first=tuple(copied_names)) if count else None
    return DistinctImages(np.array(first_rows, np.intp), points, copies)
