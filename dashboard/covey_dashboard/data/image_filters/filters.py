"""Filters of images by what is known of them, with the counts of each under all others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import attrs
import numpy as np
from numpy.typing import NDArray

from covey import Labels
from covey.frontend import NOISE
from covey_dashboard.data.metadata import encode_groups

MOST_BARS = 12
"""Values of a column that have a bar of their own, at most: the most frequent ones."""
BINS = 16
"""Bars of a column of numbers."""
UNKNOWN = "unknown"
"""What stands for an image without a value."""
Mask = NDArray[np.bool_]


@attrs.frozen
class TextFilter:
    """The images with one of these values."""

    values: frozenset[str]


@attrs.frozen
class RangeFilter:
    """The images with a number between two, both included."""

    low: float
    high: float


Filter = TextFilter | RangeFilter


@attrs.frozen(kw_only=True, eq=False)
class CategoryColumn:
    """A column of texts: the code of each image (n,), -1 for none, and what each code is called."""

    name: str
    codes: Labels
    texts: Sequence[str]

    @classmethod
    def of(cls, name: str, values: Sequence[str]) -> CategoryColumn:
        """Return a column of some values, "" for none."""
        codes, texts = encode_groups(values)
        return cls(name=name, codes=codes, texts=texts)

    def passes(self, chosen_filter: Filter) -> Mask:
        """Return which images a filter lets through (n,)."""
        values = chosen_filter.values if isinstance(chosen_filter, TextFilter) else frozenset()
        codes = [code for code, text in enumerate(self.texts) if text in values]
        is_passing: Mask = np.isin(self.codes, [*codes, *([NOISE] if UNKNOWN in values else [])])
        return is_passing

    def count(self, is_counted: Mask) -> list[tuple[str, int, int]]:
        """Return the most frequent values, each with how many images have it, and how many of those counted."""
        all_counts = np.bincount(self.codes + 1, minlength=len(self.texts) + 1)
        counts = np.bincount(self.codes[is_counted] + 1, minlength=len(self.texts) + 1)
        codes = [code for code in np.argsort(-all_counts, kind="stable")[:MOST_BARS].tolist() if all_counts[code]]
        names = [UNKNOWN, *self.texts]
        return [(names[code], int(all_counts[code]), int(counts[code])) for code in codes]


@attrs.frozen(kw_only=True, eq=False)
class MeasuredColumn:
    """A column of numbers (n,) float64, which are not finite where there is none."""

    name: str
    numbers: NDArray[np.float64]

    def passes(self, chosen_filter: Filter) -> Mask:
        """Return which images a filter lets through (n,)."""
        if not isinstance(chosen_filter, RangeFilter):
            return np.zeros(len(self.numbers), dtype=np.bool_)
        is_passing: Mask = (self.numbers >= chosen_filter.low) & (self.numbers <= chosen_filter.high)
        return is_passing

    @property
    def edges(self) -> NDArray[np.float64]:
        """The borders of the bars (BINS + 1,)."""
        finite = self.numbers[np.isfinite(self.numbers)]
        low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)
        return np.linspace(low, high if high > low else low + 1, BINS + 1)

    def count(self, is_counted: Mask) -> list[tuple[str, int, int]]:
        """Return each bar with how many images are in it, and how many of those counted."""
        edges = self.edges
        all_counts, _ = np.histogram(self.numbers[np.isfinite(self.numbers)], edges)
        counts, _ = np.histogram(self.numbers[is_counted & np.isfinite(self.numbers)], edges)
        titles = [f"{low:.4g} to {high:.4g}" for low, high in pairwise(edges.tolist())]
        return list(zip(titles, all_counts.tolist(), counts.tolist(), strict=True))


FilterColumn = CategoryColumn | MeasuredColumn


def combine_filters(columns: Sequence[FilterColumn], filters: Mapping[str, Filter], image_count: int) -> Mask:
    """Return which images pass all filters (n,); filters of columns that are gone let everything through."""
    is_passing: Mask = np.ones(image_count, dtype=np.bool_)
    for column in columns:
        if column.name in filters:
            is_passing &= column.passes(filters[column.name])
    return is_passing


def toggle_bar(column: FilterColumn, chosen_filter: Filter | None, bar: int, extend: bool) -> Filter | None:
    """Return the filter of a column after a click on one of its bars; None for no filter.

    Args:
        column: the column.
        chosen_filter: its filter before.
        bar: which bar.
        extend: whether a range grows to the bar; otherwise it is that bar alone.
    """
    if isinstance(column, CategoryColumn):
        bars = column.count(np.zeros(len(column.codes), dtype=np.bool_))
        if not 0 <= bar < len(bars):
            return chosen_filter
        values = (chosen_filter.values if isinstance(chosen_filter, TextFilter) else frozenset()) ^ {bars[bar][0]}
        return TextFilter(values) if values else None
    edges = column.edges
    if not 0 <= bar < BINS:
        return chosen_filter
    low, high = float(edges[bar]), float(edges[bar + 1])
    if isinstance(chosen_filter, RangeFilter):
        if extend:
            return RangeFilter(min(low, chosen_filter.low), max(high, chosen_filter.high))
        if (low, high) == (chosen_filter.low, chosen_filter.high):
            return None
    return RangeFilter(low, high)
