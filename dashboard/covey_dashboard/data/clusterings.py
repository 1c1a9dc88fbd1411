"""Clusterings of the open embedding, and how they change along an option.

What a clusterer prepares for a slider is computed in the background; until it is there, each clustering is computed by
itself.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

import attrs
import numpy as np
from numpy.typing import NDArray

from covey import Clusterer, Clustering, CoveyError, Floats, Labels, Prepared
from covey.frontend import (
    AnyEntry,
    Kind,
    NearestGroups,
    Profile,
    as_similarity_space,
    build,
    cluster,
    digest,
    evolve,
    fill_options,
    find_voters,
    option_values,
    options,
    profile_option,
    vote_nearest_groups,
)
from covey_dashboard.data.caching import cached, identify
from covey_dashboard.data.datasets import (
    OpenEmbedding,
    list_tables,
    load_embedding,
    load_features,
    load_similarity_space,
    registry,
)

PATIENCE = 0.25
"""Seconds to wait for a profile that is computed in the background."""
MOST_PREPARED = 4
"""Preparations that are kept; the oldest go first."""
MOST_VOTING = 100_000
"""Images whose neighbours are searched, at most: more would take minutes."""
MOST_VALUES = 60
"""Values at which a profile is computed, at most."""


def list_stored_clusterings(opened: OpenEmbedding) -> list[tuple[AnyEntry, Clusterer]]:
    """Return the clusterings of an embedding that the dataset holds, each with the clusterer that made it."""
    entries = list_tables(opened.location).entries
    return [(entry, clusterer) for entry in entries if (clusterer := _clusterer_of(opened, entry))]


@cached(spinner="Clustering", max_entries=64)
def cluster_images(opened: OpenEmbedding, clusterer: Clusterer) -> Labels:
    """Return the cluster of each image (n,) int32, -1 for noise; at once if the clusterer has prepared the data.

    Raises:
        CoveyError: the clusterer fails, or its data cannot be read.
    """
    prepared = _background().prepared(opened, clusterer)
    labels = prepared.labels(clusterer) if prepared else None
    return cluster(clusterer, _input_of(opened, clusterer)) if labels is None else labels


@cached(spinner="Looking at the data", max_entries=64)
def suggest_options(opened: OpenEmbedding, clusterer: Clusterer) -> tuple[Clusterer, dict[str, str]]:
    """Return a clusterer whose options left at None are filled in from the data, and the reasons for them by option.

    Raises:
        CoveyError: the data cannot be read.
    """
    is_open = None in option_values(clusterer).values()
    prepared = _background().prepare(opened, clusterer).result() if is_open else None
    return fill_options(clusterer, _input_of(opened, clusterer), prepared)


def find_nearest_groups(opened: OpenEmbedding, clusters: Labels) -> NearestGroups | None:
    """Return the group that each image may belong to (n,); None where there are more than MOST_VOTING images.

    Raises:
        CoveyError: the data cannot be read.
    """
    if len(clusters) > MOST_VOTING:
        return None
    return vote_nearest_groups(clusters, np.arange(len(clusters)), _find_voters(opened))


@cached(spinner="Looking for similar images", max_entries=4)
def _find_voters(opened: OpenEmbedding) -> NDArray[np.intp]:
    """Return the images nearest to each image (n, k)."""
    space = as_similarity_space(load_similarity_space(opened))
    return find_voters(space, np.arange(len(space)))


def profile_clusters(opened: OpenEmbedding, clusterer: Clusterer, option: str) -> Profile | None:
    """Return how the clusters change along an option; None while that is being computed.

    Raises:
        CoveyError: the clusterer fails, or its data cannot be read.
    """
    try:
        return _begin_profile(opened, clusterer, option).result(PATIENCE)
    except TimeoutError:
        return None


def _reset_options(clusterer: Clusterer, *names: str) -> Clusterer:
    """Return a copy in which the options `names` have their declared defaults, for a cache key that ignores them."""
    declared_defaults = {option.name: option.default for option in options(type(clusterer)) if option.name in names}
    return evolve(clusterer, **declared_defaults)


@cached(max_entries=32, by=lambda opened, clusterer, option: (opened, _reset_options(clusterer, option), option))
def _begin_profile(opened: OpenEmbedding, clusterer: Clusterer, option: str) -> Future[Profile]:
    background, Z = _background(), _input_of(opened, clusterer)
    preparation = background.prepare(opened, clusterer)
    return background.pool.submit(_compute_profile, clusterer, Z, option, preparation)


def _compute_profile(clusterer: Clusterer, Z: Floats, option: str, preparation: Future[Prepared | None]) -> Profile:
    prepared = preparation.result()
    return profile_option(clusterer, Z, option, _thin_values(prepared, option) if prepared else (), prepared)


def _thin_values(prepared: Prepared, option: str) -> list[float]:
    """Return up to MOST_VALUES of the values at which the clusters change, and the one that the data suggest."""
    values = prepared.values(option)
    if not values:
        return []
    value_indices = np.linspace(0, len(values) - 1, MOST_VALUES).round().astype(int)
    return sorted({*(values[index] for index in value_indices), prepared.suggest(option)} - {None})


@attrs.define(eq=False)
class Background:
    """The one thread that prepares data for clusterers, and what it has prepared."""

    pool: ThreadPoolExecutor = attrs.field(factory=lambda: ThreadPoolExecutor(1))
    _preparations: dict[str, Future[Prepared | None]] = attrs.field(factory=dict)

    def prepare(self, opened: OpenEmbedding, clusterer: Clusterer) -> Future[Prepared | None]:
        """Begin to prepare the data for all values of a clusterer's live options, unless that has begun."""
        key = self._key(opened, clusterer)
        if key not in self._preparations:
            for oldest_key in list(self._preparations)[: len(self._preparations) + 1 - MOST_PREPARED]:
                del self._preparations[oldest_key]
            self._preparations[key] = self.pool.submit(clusterer.prepare, _input_of(opened, clusterer))
        return self._preparations[key]

    def prepared(self, opened: OpenEmbedding, clusterer: Clusterer) -> Prepared | None:
        """Return what was prepared for a clusterer, None if that is not finished or was never begun."""
        preparation = self._preparations.get(self._key(opened, clusterer))
        return preparation.result() if preparation and preparation.done() else None

    @staticmethod
    def _key(opened: OpenEmbedding, clusterer: Clusterer) -> str:
        live_options = [option.name for option in options(type(clusterer)) if option.live]
        return digest(identify((opened, _reset_options(clusterer, *live_options))))


@cached()
def _background() -> Background:
    return Background()


def _clusterer_of(opened: OpenEmbedding, entry: AnyEntry) -> Clusterer | None:
    """Return the clusterer that made a clustering of this embedding, None for any other table."""
    provenance, embedding_key = entry.provenance, opened.entry.provenance and opened.entry.provenance.key
    if (
        entry.table is not Clustering
        or opened.second
        or not provenance
        or not provenance.source
        or provenance.source.key != embedding_key
    ):
        return None
    with suppress(CoveyError):
        return build(
            registry().get(Kind.CLUSTERER, provenance.component), {**provenance.options, **provenance.details.chosen}
        )
    return None


def _input_of(opened: OpenEmbedding, clusterer: Clusterer) -> Floats:
    """Return what a clusterer takes: the dimensions of an embedding, or the features that it was made from."""
    return load_features(opened) if clusterer.takes_features else load_embedding(opened).Z
