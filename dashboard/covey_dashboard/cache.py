"""What is opened, read or computed once for all reruns and sessions. Whoever gets an array must not change it."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from covey import Clusterer, CoveyError, Dataset
from covey.components import Component, cluster
from covey.locations import open_dataset
from covey.options import build
from covey.provenance import digest
from covey.registry import Registry
from covey.storage import Entry
from covey.tables import Embedding, Features, Table

ENTRIES_LAST = 5
"""Seconds after which the files of a dataset are looked at again."""


@st.cache_resource(show_spinner=False)
def registry() -> Registry:
    """Return the installed plugins."""
    return Registry.installed()


@st.cache_resource(show_spinner="Opening the dataset")
def dataset(location: str) -> Dataset:
    """Return the dataset at a location. Raises CoveyError."""
    return open_dataset(registry(), location)


@st.cache_data(show_spinner=False, ttl=ENTRIES_LAST)
def entries(location: str) -> list[Entry]:
    """Return the tables of a dataset. Raises CoveyError."""
    return dataset(location).entries()


def embedding(location: str, entry: Entry) -> Embedding:
    """Return one embedding. Raises CoveyError."""
    found = _table(location, _identity(entry), entry)
    assert isinstance(found, Embedding)
    return found


def labels(location: str, entry: Entry, clusterer: Clusterer) -> NDArray[np.int32]:
    """Return the cluster of each row of an embedding (n,), -1 for noise. Raises CoveyError."""
    return _labels(location, _identity(entry), _told_apart(clusterer), entry, clusterer)


def kept(location: str, entry: Entry) -> Clusterer | None:
    """Return a clusterer whose result for this embedding is kept in the dataset; None where there is none."""
    key = entry.provenance.key if entry.provenance else None
    for made in filter(None, (found.provenance for found in entries(location) if found.kind == "clustering")):
        with suppress(CoveyError):
            cls = registry().get("clusterer", made.component)
            if made.source and made.source.key == key and issubclass(cls, Clusterer):
                return build(cls, {**made.options, **made.details.get("chosen", {})})
    return None


def suited(location: str, entry: Entry, clusterer: Component) -> Clusterer:
    """Return a clusterer with what an embedding suggests for options that are none. Raises CoveyError."""
    assert isinstance(clusterer, Clusterer)
    return _suited(location, _identity(entry), _told_apart(clusterer), entry, clusterer)


@st.cache_resource(show_spinner="Reading", max_entries=8)
def _table(location: str, identity: str, _entry: Entry) -> Table:
    return dataset(location).load(_entry)


@st.cache_resource(show_spinner="Clustering", max_entries=64)
def _labels(location: str, identity: str, made: str, _entry: Entry, _clusterer: Clusterer) -> NDArray[np.int32]:
    return cluster(_clusterer, _data(location, _entry, _clusterer))


@st.cache_resource(show_spinner="Looking at the data", max_entries=64)
def _suited(location: str, identity: str, made: str, _entry: Entry, _clusterer: Clusterer) -> Clusterer:
    return _clusterer.suited(_data(location, _entry, _clusterer))


def _told_apart(clusterer: Clusterer) -> str:
    made = [type(clusterer).__module__, type(clusterer).__qualname__, repr(clusterer), dict(clusterer.identity())]
    return digest(made)


def _data(location: str, entry: Entry, clusterer: Clusterer) -> NDArray[np.float32]:
    """Return what a clusterer takes of an embedding: its dimensions, or the features that it was made from."""
    return _features(location, entry) if clusterer.takes == "features" else embedding(location, entry).Z


def _features(location: str, entry: Entry) -> NDArray[np.float32]:
    """Return the features that an embedding was made from, in the order of its names."""
    source = entry.provenance.source if entry.provenance else None
    found = dataset(location).find(source.key) if source else None
    if found is None:
        raise CoveyError(f"The features that {entry.name} was made from are not in this dataset: make them again.")
    table = _table(location, _identity(found), found)
    assert isinstance(table, Features)
    rows = {name: row for row, name in enumerate(table.names.tolist())}
    return table.X[[rows[name] for name in embedding(location, entry).names.tolist()]]


def _identity(entry: Entry) -> str:
    return digest([entry.name, entry.shape, entry.provenance.key if entry.provenance else None])
