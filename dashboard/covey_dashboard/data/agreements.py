"""How much each two clusterings of a dataset agree: computed once, in the background."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import combinations

from covey import Clustering, Dataset
from covey.frontend import AnyEntry, agreement_matrix
from covey_dashboard.data.caching import cached
from covey_dashboard.data.datasets import dataset_at

MEASURES = {"AMI": "adjusted mutual information (AMI)", "ARI": "adjusted Rand index (ARI)"}
Agreement = Future[tuple[float, float]]
"""How much two clusterings agree, by each of the measures."""


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
    return _background().submit(_measure_agreement, dataset_at(location), *entries)


def _measure_agreement(dataset: Dataset, *entries: AnyEntry) -> tuple[float, float]:
    """Return how much two clusterings agree, by AMI and by ARI.

    Raises:
        CoveyError: a file is gone or damaged.
    """
    clusterings = [table for entry in entries if isinstance(table := dataset.load(entry), Clustering)]
    return float(agreement_matrix(clusterings, "ami")[0, 1]), float(agreement_matrix(clusterings, "ari")[0, 1])


@cached()
def _background() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1)
