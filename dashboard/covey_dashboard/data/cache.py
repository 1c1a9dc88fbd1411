"""What is opened, read or computed once for all reruns and sessions. Whoever gets an array must not change it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Later
from contextlib import suppress

import attrs
import numpy as np
import streamlit as st
from numpy.typing import NDArray

from covey import Clusterer, Clustering, CoveyError, Dataset, Embedding, Features, Prepared
from covey.frontend import (
    AnyEntry,
    Entry,
    ImageFolder,
    Joined,
    Kind,
    LabelStore,
    Metadata,
    Profile,
    Registry,
    T,
    Table,
    build,
    cluster,
    column_kind,
    digest,
    evolve,
    is_entry_of,
    join_tables,
    kept_labels,
    open_dataset,
    open_labels,
    options,
    preview,
    profile_option,
    read_metadata,
    recordings_of_images,
)
from covey_dashboard.data.image_labels import ImageLabels
from covey_dashboard.server import server
from covey_dashboard.server.read_only import is_read_only, refuse_if_read_only
from covey_dashboard.widgets import map_view as map
from covey_dashboard.widgets.colouring import by_group, by_value, grouped
from covey_dashboard.widgets.map_view import Colouring

ENTRIES_LAST = 5
"""Seconds after which the files of a dataset are looked at again."""
IMAGES_LAST = 60
"""Seconds after which the images of a dataset are looked for again."""
METADATA_LASTS = 60
"""Seconds after which the metadata of a dataset are looked at again."""
PATIENCE = 0.25
"""Seconds to wait for what is made in the background."""
PREPARATIONS = 4
"""Prepared data that are kept, at most."""
CURVE = 60
"""Values at which a profile is taken, at most."""


@attrs.frozen
class Source:
    """What is clustered: an embedding of a dataset, joined with a second one where there is one."""

    location: str
    entry: Entry[Embedding]
    other: Entry[Embedding] | None = None

    @property
    def identity(self) -> str:
        """Tells this source from every other."""
        return digest([self.location, *(_identity(entry) for entry in self.entries)])

    @property
    def entries(self) -> list[Entry[Embedding]]:
        """The one or two embeddings."""
        return [self.entry, *([self.other] if self.other else [])]


@st.cache_resource(show_spinner=False)
def registry() -> Registry:
    """Return the installed plugins."""
    return Registry.installed()


@st.cache_resource(show_spinner="Opening the dataset")
def dataset(location: str) -> Dataset:
    """Return the dataset at a location; in read-only mode only the one that the command named. Raises CoveyError."""
    if location != os.environ.get(server.LOCATION):
        refuse_if_read_only()
    return open_dataset(registry(), location)


@st.cache_data(show_spinner=False, ttl=ENTRIES_LAST)
def list_tables(location: str) -> tuple[list[AnyEntry], list[str]]:
    """Return the tables of a dataset, and a sentence for each file that is none. Raises CoveyError."""
    opened = dataset(location)
    return list(opened.entries()), opened.problems


def entries(location: str) -> list[AnyEntry]:
    """Return the tables of a dataset. Raises CoveyError."""
    return list_tables(location)[0]


@st.cache_data(show_spinner="Looking for images", ttl=IMAGES_LAST)
def images(location: str) -> ImageFolder | None:
    """Return the folder with the images of a dataset, None where there are none. Raises CoveyError."""
    return dataset(location).images


@st.cache_data(show_spinner="Counting the images", ttl=IMAGES_LAST)
def image_count(location: str) -> int:
    """Return how many images there are. Raises CoveyError."""
    folder = images(location)
    return sum(1 for _ in folder.walk()) if folder else 0


def table(location: str, entry: Entry[T]) -> T:
    """Return a table of a dataset. Raises CoveyError."""
    return _table(location, _identity(entry), entry)


def embedding(source: Source) -> Embedding:
    """Return one embedding, or two joined. Raises CoveyError."""
    return joined(source).table if source.other else table(source.location, source.entry)


def space(source: Source) -> NDArray[np.float32]:
    """Return where images that are alike lie together: the features, or, where these are not kept, the embedding."""
    try:
        return _all_features(source)
    except CoveyError:
        return embedding(source).Z


def joined(source: Source) -> Joined[Embedding]:
    """Return two embeddings joined, with what did not match. Raises CoveyError."""
    return _joined(source.identity, source)


def sources(source: Source) -> tuple[NDArray[np.int32], list[str]]:
    """Return the recording of each image as a number (n,) int32, -1 where it is not known, and their names."""
    return _sources(source.identity, source)


@st.cache_resource(show_spinner=False)
def store(location: str) -> LabelStore:
    """Return the labels of a dataset, which nobody changes in read-only mode. Raises CoveyError."""
    return kept_labels(dataset(location)) if is_read_only() else open_labels(dataset(location))


def by_image(store: LabelStore) -> Mapping[str, tuple[str, ...]]:
    """Return the classes of each image that has any, as they are now. Raises CoveyError."""
    return _by_image(str(store.path), store.revision, store)


def read_image_labels(source: Source) -> ImageLabels:
    """Return the labels of the images of a source, as they are now. Raises CoveyError."""
    label_store = store(source.location)
    return _given(source.identity, label_store.revision, source, label_store)


@st.cache_resource(show_spinner="Reading the metadata", ttl=METADATA_LASTS)
def known(location: str) -> Metadata:
    """Return the metadata of a dataset. Raises CoveyError."""
    return read_metadata(dataset(location))


def column(source: Source, name: str) -> Colouring:
    """Return the colours that a column of the metadata gives the images. Raises CoveyError."""
    return _column(source.identity, name, source)


def points(source: Source) -> bytes:
    """Return the images as the map takes them. Raises CoveyError."""
    return _points(source.identity, source)


def labels(source: Source, clusterer: Clusterer) -> NDArray[np.int32]:
    """Return the cluster of each row (n,), -1 for noise: at once where the work is prepared. Raises CoveyError."""
    return _labels(source.identity, _clusterer_key(clusterer), source, clusterer)


def kept_clusterings(source: Source) -> list[tuple[AnyEntry, Clusterer]]:
    """Return the clusterings of an embedding that are kept in the dataset, with the clusterers that made them."""
    return [(entry, clusterer) for entry in entries(source.location) if (clusterer := _maker(source, entry))]


def resolve(source: Source, clusterer: Clusterer) -> Clusterer:
    """Return a clusterer with what the data suggest for options that are none. Raises CoveyError."""
    return _resolve(source.identity, _clusterer_key(clusterer), source, clusterer)


def curve(source: Source, clusterer: Clusterer, option: str) -> Profile | None:
    """Return how the clusters change along an option; None while that is being found out. Raises CoveyError."""
    pending = _curve(source.identity, _clusterer_key(clusterer, option), option, source, clusterer)
    try:
        return pending.result(PATIENCE)
    except Later:
        return None


@st.cache_resource(show_spinner="Reading", max_entries=8)
def _table(location: str, identity: str, _entry: Entry[T]) -> T:
    return dataset(location).load(_entry)


@st.cache_resource(show_spinner="Joining", max_entries=2)
def _joined(identity: str, _source: Source) -> Joined[Embedding]:
    first, second = (table(_source.location, entry) for entry in _source.entries)
    return join_tables(first, second)


@st.cache_resource(show_spinner=False, max_entries=4)
def _sources(identity: str, _source: Source) -> tuple[NDArray[np.int32], list[str]]:
    names = embedding(_source).names.tolist()
    recording_by_image = recordings_of_images(names)
    return grouped([recording_by_image.get(name, "") for name in names])


@st.cache_resource(show_spinner=False, max_entries=4)
def _by_image(path: str, revision: int, _store: LabelStore) -> Mapping[str, tuple[str, ...]]:
    return _store.by_image()


@st.cache_resource(show_spinner=False, max_entries=4)
def _given(identity: str, revision: int, _source: Source, _store: LabelStore) -> ImageLabels:
    return ImageLabels.of(embedding(_source).names.tolist(), _store.classes(), by_image(_store))


@st.cache_resource(show_spinner="Reading the metadata", max_entries=8, ttl=METADATA_LASTS)
def _column(identity: str, name: str, _source: Source) -> Colouring:
    values = known(_source.location).of(embedding(_source).names.tolist())[name]
    if column_kind(values) == "number":
        numbers = np.array([np.nan if value is None else float(value) for value in values])
        return attrs.evolve(by_value(name, numbers), more=True)
    texts = ["" if value is None else str(value) for value in values]
    return attrs.evolve(by_group(name, *grouped(texts)), more=True)


@st.cache_resource(show_spinner=False, max_entries=4)
def _points(identity: str, _source: Source) -> bytes:
    table = embedding(_source)
    return map.points(identity, table.names.tolist(), table.map, *sources(_source))


@st.cache_resource(show_spinner="Clustering", max_entries=64)
def _labels(identity: str, clusterer_key: str, _source: Source, _clusterer: Clusterer) -> NDArray[np.int32]:
    begun = _preparations().get(_preparation(_source, _clusterer))
    prepared = begun.result() if begun and begun.done() else None
    quick = prepared.labels(_clusterer) if prepared else None
    return cluster(_clusterer, _data(_source, _clusterer)) if quick is None else quick


@st.cache_resource(show_spinner="Looking at the data", max_entries=64)
def _resolve(identity: str, clusterer_key: str, _source: Source, _clusterer: Clusterer) -> Clusterer:
    return _clusterer.resolve(_data(_source, _clusterer))


@st.cache_resource(show_spinner=False)
def _background() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1)


@st.cache_resource(show_spinner=False)
def _preparations() -> dict[str, Future[Prepared | None]]:
    return {}


def _prepared(source: Source, clusterer: Clusterer) -> Future[Prepared | None]:
    """Return what a clusterer prepares for all values of its live options; the oldest of others is given up."""
    begun, key = _preparations(), _preparation(source, clusterer)
    if key not in begun:
        for oldest in list(begun)[: len(begun) + 1 - PREPARATIONS]:
            del begun[oldest]
        begun[key] = _background().submit(clusterer.prepare, _data(source, clusterer))
    return begun[key]


def _preparation(source: Source, clusterer: Clusterer) -> str:
    live = [option.name for option in options(type(clusterer)) if option.live]
    return f"{source.identity} {_clusterer_key(clusterer, *live)}"


@st.cache_resource(show_spinner=False, max_entries=32)
def _curve(identity: str, clusterer_key: str, option: str, _source: Source, _clusterer: Clusterer) -> Future[Profile]:
    waited = _prepared(_source, _clusterer)
    return _background().submit(_profile, _clusterer, _data(_source, _clusterer), option, waited)


def _profile(clusterer: Clusterer, Z: NDArray[np.float32], option: str, waited: Future[Prepared | None]) -> Profile:
    prepared = waited.result()
    return profile_option(clusterer, Z, option, _thinned(prepared, option) if prepared else (), prepared)


def _thinned(prepared: Prepared, option: str) -> list[float]:
    """Return some of the values at which the clusters change, and the one that the data suggest."""
    values = prepared.values(option)
    if not values:
        return []
    chosen = {values[at] for at in np.linspace(0, len(values) - 1, CURVE).round().astype(int)}
    return sorted({*chosen, prepared.suggest(option)} - {None})


def _clusterer_key(clusterer: Clusterer, *but: str) -> str:
    """Return what tells a clusterer from all others, whatever the options `but` are."""
    declared = {option.name: option.default for option in options(type(clusterer)) if option.name in but}
    same = evolve(clusterer, **declared)
    return digest([type(same).__module__, type(same).__qualname__, repr(same), dict(same.identity()), but])


def _maker(source: Source, entry: AnyEntry) -> Clusterer | None:
    """Return the clusterer that made a kept clustering of this source."""
    origin, key = entry.provenance, source.entry.provenance and source.entry.provenance.key
    if entry.table is not Clustering or source.other or not origin or not origin.source or origin.source.key != key:
        return None
    with suppress(CoveyError):
        return build(registry().get(Kind.CLUSTERER, origin.component), {**origin.options, **origin.details.chosen})
    return None


def _data(source: Source, clusterer: Clusterer) -> NDArray[np.float32]:
    """Return what a clusterer takes: the dimensions of an embedding, or the features that it was made from."""
    return _all_features(source) if clusterer.takes_features else embedding(source).Z


def _all_features(source: Source) -> NDArray[np.float32]:
    names = embedding(source).names.tolist()
    arrays = [_features(source.location, entry, names) for entry in source.entries]
    return np.hstack(arrays) if len(arrays) > 1 else arrays[0]


def _features(location: str, entry: AnyEntry, names: Sequence[str]) -> NDArray[np.float32]:
    """Return the features that an embedding was made from, in the order of some names."""
    origin = entry.provenance.source if entry.provenance else None
    features_entry = dataset(location).entries_by_key().get(origin.key) if origin else None
    if features_entry is None or not is_entry_of(features_entry, Features):
        raise CoveyError(f"The features that {entry.name} was made from are not in this dataset: make them again.")
    features = table(location, features_entry)
    if features.names.tolist() == names:
        return features.X
    rows = {name: row for row, name in enumerate(features.names.tolist())}
    if lacking := [name for name in names if name not in rows]:
        raise CoveyError(f"{features_entry.name} lacks images of {entry.name}: {preview(lacking)}. Make them again.")
    return features.X[[rows[name] for name in names]]


def _identity(entry: Entry[Table]) -> str:
    return digest([entry.name, entry.shape, entry.provenance.key if entry.provenance else None])
