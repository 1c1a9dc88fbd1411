"""How each two clusterings of a dataset agree: found out once, in the background."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import combinations

import streamlit as st

from covey import Clustering, Dataset
from covey.frontend import AnyEntry, agreement_matrix, digest
from covey_dashboard.data import cache
from covey_dashboard.widgets.page_frame import key_of_entry

MEASURES = {"AMI": "adjusted mutual information (AMI)", "ARI": "adjusted Rand index (ARI)"}
Agreement = Future[tuple[float, float]]
"""How two clusterings agree, by each of the measures."""


def agreements(location: str, compared: Sequence[AnyEntry]) -> dict[tuple[int, int], Agreement]:
    """Return how each two clusterings agree, by their places; what is not known yet is begun."""
    pairs = combinations(range(len(compared)), 2)
    return {(one, other): _agreement(location, compared[one], compared[other]) for one, other in pairs}


def _agreement(location: str, *entries: AnyEntry) -> Agreement:
    begun = _begun()
    identity = digest([location, *sorted(f"{entry.name} {key_of_entry(entry)}" for entry in entries)])
    if identity not in begun:
        begun[identity] = _background().submit(_measured, cache.dataset(location), *entries)
    return begun[identity]


def _measured(dataset: Dataset, *entries: AnyEntry) -> tuple[float, float]:
    """Return how two clusterings agree, by AMI and by ARI. Raises CoveyError."""
    tables = [table for entry in entries if isinstance(table := dataset.load(entry), Clustering)]
    return float(agreement_matrix(tables, "ami")[0, 1]), float(agreement_matrix(tables, "ari")[0, 1])


@st.cache_resource(show_spinner=False)
def _background() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1)


@st.cache_resource(show_spinner=False)
def _begun() -> dict[str, Agreement]:
    return {}
