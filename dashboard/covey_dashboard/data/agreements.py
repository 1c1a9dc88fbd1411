"""How much each two clusterings of a dataset agree: computed once, in the background."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import combinations

from covey import Clustering, Dataset
from covey.authoring import AgreementMeasure, Measure
from covey.frontend import AnyEntry, Cell, Column, compute_cell, list_columns, measure_agreement
from covey_dashboard.data.caching import cached
from covey_dashboard.data.datasets import dataset_at, registry

Agreement = Future[Mapping[str, Cell]]
"""How much two clusterings agree, by the names of the measures."""


def list_agreement_measures() -> list[Column]:
    """Return the installed measures by which two clusterings can be compared."""
    columns = list_columns(registry())
    return [column for column in columns if issubclass(column.measure, AgreementMeasure) and column.measure.symmetric]


def compute_agreements(location: str, entries: Sequence[AnyEntry]) -> dict[tuple[int, int], Agreement]:
    """Return the agreement of each two clusterings, by their places; those not known yet are begun."""
    return {
        (first_index, second_index): _begin_agreement(
            location, *sorted((entries[first_index], entries[second_index]), key=_name_of)
        )
        for first_index, second_index in combinations(range(len(entries)), 2)
    }


def _name_of(entry: AnyEntry) -> str:
    return entry.name


@cached()
def _begin_agreement(location: str, *entries: AnyEntry) -> Agreement:
    return background().submit(_measure_agreement, dataset_at(location), list_agreement_measures(), *entries)


def _measure_agreement(dataset: Dataset, columns: Sequence[Column], *entries: AnyEntry) -> dict[str, Cell]:
    """Return how much two clusterings agree, by each measure.

    Raises:
        CoveyError: a file is gone or damaged.
    """
    first, second = (table for entry in entries if isinstance(table := dataset.load(entry), Clustering))
    return {column.name: compute_cell(column, partial(_agree, first, second)) for column in columns}


def _agree(first: Clustering, second: Clustering, measure: Measure) -> float | None:
    return measure_agreement(first, second, measure) if isinstance(measure, AgreementMeasure) else None


@cached()
def background() -> ThreadPoolExecutor:
    """Return the one thread that compares and measures clusterings."""
    return ThreadPoolExecutor(1)
