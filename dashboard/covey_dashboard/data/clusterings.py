"""Clusterings of the open embedding, and how they change along an option.

Clusterings of the dataset are read. Others are computed in the background, as is what a clusterer prepares for a
slider; once that is there, a clustering comes at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import ParamSpec, TypeVar

import attrs
import numpy as np
from numpy.typing import NDArray

from covey import Clusterer, Clustering, CoveyError, Floats, Labels, Prepared
from covey.frontend import (
    Entry,
    Kind,
    NearestGroups,
    Profile,
    Provenance,
    Registry,
    as_similarity_space,
    build,
    cluster,
    digest,
    evolve,
    fill_options,
    find_voters,
    is_entry_of,
    keep_clustering,
    option_values,
    options,
    preview,
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
    load_table,
    registry,
)

P = ParamSpec("P")
R = TypeVar("R")
PATIENCE = 0.25
"""Seconds to wait for a profile that is computed in the background."""
MOST_PREPARED = 4
"""Preparations that are kept; the oldest go first."""
MOST_VOTING = 100_000
"""Images whose neighbours are searched, at most: more would take minutes."""
MOST_SEARCHES = 4
"""Searches for groups at the same time, at most: one that nobody waits for any more goes on to its end."""
MOST_VALUES = 60
"""Values at which a profile is computed, at most."""


@attrs.frozen(kw_only=True, eq=False)
class Groups:
    """Groups of the images of an embedding.

    Attributes:
        clusterer: what made them, with the options that the data decided.
        labels: the group of each image (n,) int32, -1 for noise.
        decided: the options that the data decided.
        reasons: why they decided them so, by option.
        entry: the clustering of the dataset that they are; None if they are not kept.
        nearest: the groups that noise may belong to, if that is known.
    """

    clusterer: Clusterer
    labels: Labels
    decided: frozenset[str] = frozenset()
    reasons: Mapping[str, str] = attrs.field(factory=dict)
    entry: Entry[Clustering] | None = None
    nearest: NearestGroups | None = None


def list_stored_clusterings(opened: OpenEmbedding) -> list[tuple[Entry[Clustering], Clusterer]]:
    """Return the clusterings of an embedding that the dataset holds, each with the clusterer that made it."""
    entries = [entry for entry in list_tables(opened.location).entries if is_entry_of(entry, Clustering)]
    return [(entry, clusterer) for entry in entries if (clusterer := _clusterer_of(opened, entry))]


def find_stored_clustering(opened: OpenEmbedding, clusterer: Clusterer | None) -> Entry[Clustering] | None:
    """Return the clustering of an embedding that a clusterer made, None if the dataset holds none."""
    return next((entry for entry, maker in list_stored_clusterings(opened) if maker == clusterer), None)


@cached(max_entries=16, by=lambda opened, entry, _clusterer: (opened, entry))
def read_groups(opened: OpenEmbedding, entry: Entry[Clustering], clusterer: Clusterer) -> Groups:
    """Return the groups that a dataset holds, under their own numbers; nothing is computed for that.

    Raises:
        CoveyError: the table cannot be read, or is of other images.
    """
    table, names = load_table(opened.location, entry), load_embedding(opened).names
    labels, nearest, provenance = table.labels, table.nearest, entry.provenance
    if not np.array_equal(table.names, names):
        rows = _rows_of(names.tolist(), table.names.tolist(), entry.title)
        labels = labels[rows]
        nearest = nearest and NearestGroups(nearest.clusters[rows], nearest.confidence[rows])
    return Groups(
        clusterer=clusterer,
        labels=labels,
        decided=frozenset(provenance.details.chosen) if provenance else frozenset(),
        reasons=provenance.details.reasons if provenance else {},
        entry=entry,
        nearest=nearest,
    )


def _rows_of(names: Sequence[str], table_names: Sequence[str], title: str) -> NDArray[np.intp]:
    """Return the rows of a table that have these names, in their order. Raises CoveyError if some are not there."""
    row_by_name = {name: row for row, name in enumerate(table_names)}
    if missing_names := [name for name in names if name not in row_by_name]:
        raise CoveyError(f"{title} lacks images of the map: {preview(missing_names)}. Make it again.")
    return np.array([row_by_name[name] for name in names], dtype=np.intp)


def find_groups(opened: OpenEmbedding, clusterer: Clusterer) -> Future[Groups]:
    """Return the groups that a clusterer finds: at once if it has prepared the data, else begun in the background.

    Raises:
        CoveyError: the data cannot be read.
    """
    preparation = _background().preparation(opened, clusterer)
    if preparation and preparation.done() and None not in option_values(clusterer).values():
        return _find_quickly(opened, clusterer, preparation)
    return _begin_groups(opened, clusterer)


@cached(max_entries=64, by=lambda opened, clusterer, _preparation: (opened, clusterer))
def _find_quickly(opened: OpenEmbedding, clusterer: Clusterer, preparation: Future[Prepared | None]) -> Future[Groups]:
    future: Future[Groups] = Future()
    try:
        future.set_result(_compute_groups(_input_of(opened, clusterer), clusterer, preparation))
    except CoveyError as error:
        future.set_exception(error)
    return future


@cached(max_entries=64)
def _begin_groups(opened: OpenEmbedding, clusterer: Clusterer) -> Future[Groups]:
    background, Z = _background(), _input_of(opened, clusterer)
    is_open = None in option_values(clusterer).values()
    preparation = background.prepare(opened, clusterer) if is_open else None
    return background.searches.submit(_compute_groups, Z, clusterer, preparation)


def _compute_groups(Z: Floats, clusterer: Clusterer, preparation: Future[Prepared | None] | None) -> Groups:
    """Return the groups that a clusterer finds, after filling in the options that the data decide.

    Raises:
        CoveyError: the clusterer fails.
    """
    prepared = preparation.result() if preparation else None
    resolved, reasons = fill_options(clusterer, Z, prepared)
    quick_labels = prepared.labels(resolved) if prepared else None
    labels = cluster(resolved, Z) if quick_labels is None else quick_labels
    decided = frozenset(name for name, value in option_values(clusterer).items() if value is None)
    return Groups(clusterer=resolved, labels=labels, decided=decided, reasons=reasons)


def begin_keeping(opened: OpenEmbedding, groups: Groups, name: str) -> Future[str]:
    """Begin to keep groups under a name; the future holds what to say when that is done.

    Raises:
        CoveyError: by the future, if they cannot be kept.
    """
    return _background().searches.submit(_keep_groups, opened, groups, name, registry())


def _keep_groups(opened: OpenEmbedding, groups: Groups, name: str, installed: Registry) -> str:
    clusterer = _recorded_clusterer(groups.entry) if groups.entry else _open_suggested(groups)
    entry = keep_clustering(opened.location, opened.entry, clusterer, name, installed)
    return f"These groups are kept as {entry.title}."


def _open_suggested(groups: Groups) -> Clusterer:
    """Return a clusterer in which the options that the data decided are open, as a run takes them."""
    return evolve(groups.clusterer, **dict.fromkeys(groups.decided))


def _recorded_clusterer(entry: Entry[Clustering]) -> Clusterer:
    """Return the clusterer that a run takes to make a clustering again. Raises CoveyError."""
    provenance = entry.provenance
    if provenance is None:
        raise CoveyError(f"It is not known how {entry.title} was made.")
    clusterer: Clusterer = build(registry().get(Kind.CLUSTERER, provenance.component), provenance.options)
    return clusterer


def find_nearest_groups(opened: OpenEmbedding, clusters: Labels) -> NearestGroups | None:
    """Return the group that each image may belong to (n,).

    None where there are more than MOST_VOTING images, and while similar images are searched in the background.

    Raises:
        CoveyError: the data cannot be read.
    """
    voters = begin_voting(opened)
    if voters is None or not voters.done():
        return None
    return vote_nearest_groups(clusters, np.arange(len(clusters)), voters.result())


def begin_voting(opened: OpenEmbedding) -> Future[NDArray[np.intp]] | None:
    """Return the search for the images nearest to each image, begun unless there are too many images."""
    return _begin_voting(opened) if len(load_embedding(opened).names) <= MOST_VOTING else None


@cached(max_entries=4)
def _begin_voting(opened: OpenEmbedding) -> Future[NDArray[np.intp]]:
    return _background().searches.submit(_find_voters, load_similarity_space(opened))


def _find_voters(X: Floats) -> NDArray[np.intp]:
    """Return the images nearest to each image (n, k)."""
    space = as_similarity_space(X)
    return find_voters(space, np.arange(len(space)))


def profile_clusters(opened: OpenEmbedding, clusterer: Clusterer, option: str) -> Profile | None:
    """Return how the clusters change along an option; None while that is being computed.

    After that the neighbours of all images are searched, which groups found with another value ask for.

    Raises:
        CoveyError: the clusterer fails, or its data cannot be read.
    """
    try:
        profile = _begin_profile(opened, clusterer, option).result(PATIENCE)
    except TimeoutError:
        return None
    begin_voting(opened)
    return profile


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
    """The one thread that prepares data for clusterers, and what it has prepared; threads that search beside it."""

    pool: ThreadPoolExecutor = attrs.field(factory=lambda: ThreadPoolExecutor(1))
    searches: ThreadPoolExecutor = attrs.field(factory=lambda: ThreadPoolExecutor(MOST_SEARCHES))
    _preparations: dict[str, Future[Prepared | None]] = attrs.field(factory=dict)

    def prepare(self, opened: OpenEmbedding, clusterer: Clusterer) -> Future[Prepared | None]:
        """Begin to prepare the data for all values of a clusterer's live options, unless that has begun."""
        key = self._key(opened, clusterer)
        if key not in self._preparations:
            for oldest_key in list(self._preparations)[: len(self._preparations) + 1 - MOST_PREPARED]:
                del self._preparations[oldest_key]
            self._preparations[key] = self.pool.submit(clusterer.prepare, _input_of(opened, clusterer))
        return self._preparations[key]

    def preparation(self, opened: OpenEmbedding, clusterer: Clusterer) -> Future[Prepared | None] | None:
        """Return what is prepared for a clusterer, None if that was never begun."""
        return self._preparations.get(self._key(opened, clusterer))

    @staticmethod
    def _key(opened: OpenEmbedding, clusterer: Clusterer) -> str:
        live_options = [option.name for option in options(type(clusterer)) if option.live]
        return digest(identify((opened, _reset_options(clusterer, *live_options))))


@cached()
def _background() -> Background:
    return Background()


def _clusterer_of(opened: OpenEmbedding, entry: Entry[Clustering]) -> Clusterer | None:
    """Return the clusterer that made a clustering of this embedding, None for any other table."""
    provenance, embedding_key = entry.provenance, opened.entry.provenance and opened.entry.provenance.key
    sources = {embedding_key} | {source.key for source in _sources_of(opened)}
    if opened.second or not provenance or provenance.input not in sources:
        return None
    with suppress(CoveyError):
        return build(
            registry().get(Kind.CLUSTERER, provenance.component), {**provenance.options, **provenance.details.chosen}
        )
    return None


def _sources_of(opened: OpenEmbedding) -> Sequence[Provenance]:
    """Return the features that an embedding was made from."""
    return opened.entry.provenance.sources if opened.entry.provenance else ()


def _input_of(opened: OpenEmbedding, clusterer: Clusterer) -> Floats:
    """Return what a clusterer takes: the dimensions of an embedding, or the features that it was made from."""
    return load_features(opened) if clusterer.takes_features else load_embedding(opened).Z


def describe_share(count: int, total: int) -> str:
    """Return a share in words: "7 %", and "under 1 %" where none would be wrong."""
    share = count / max(1, total)
    return "under 1 %" if 0 < share < 0.01 else f"{100 * share:.0f} %"
