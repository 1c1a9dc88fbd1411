"""Datasets and their tables, each opened and read once for all sessions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import attrs
import numpy as np

from covey import CoveyError, Dataset, Embedding, Features, Floats
from covey.frontend import (
    AnyEntry,
    Entry,
    ImageFolder,
    Joined,
    Registry,
    T,
    create_dataset,
    digest,
    is_entry_of,
    join_tables,
    open_dataset,
    preview,
)
from covey_dashboard.data.caching import cached, identify
from covey_dashboard.server.read_only import list_shown_locations, refuse_if_read_only

F = TypeVar("F", bound="Forgetful")
TABLES_TTL = 5
"""Seconds after which the tables of a dataset are listed again."""
IMAGES_TTL = 60
"""Seconds after which the images of a dataset are looked for again."""
WIDEST = 4096
"""Columns of features that are joined, at most."""


class Forgetful(Protocol):
    """Something that keeps results."""

    def clear(self) -> None:
        """Forget all results."""


_content_functions: list[Forgetful] = []


def looks_at_files(function: F) -> F:
    """Mark a cached function as one that looks at the files of a dataset; `forget_contents` lets it look again."""
    _content_functions.append(function)
    return function


def forget_contents() -> None:
    """Forget what datasets hold, since something was added to one."""
    for function in _content_functions:
        function.clear()


@attrs.frozen
class TableList:
    """The tables of a dataset, and a sentence for each file that cannot be read as one."""

    entries: Sequence[AnyEntry]
    problems: Sequence[str]


@attrs.frozen
class OpenEmbedding:
    """What a person looks at: an embedding of a dataset, joined with a second one if that is not None."""

    location: str
    entry: Entry[Embedding]
    second: Entry[Embedding] | None = None

    @property
    def entries(self) -> list[Entry[Embedding]]:
        """The one or two embeddings."""
        return [self.entry, *([self.second] if self.second else [])]

    @property
    def dataset_name(self) -> str:
        """The last part of the dataset's location, for headings and the names of files."""
        return self.location.rstrip("/\\").replace("\\", "/").rpartition("/")[2] or self.location

    @property
    def identity(self) -> str:
        """A text that tells these embeddings from all others."""
        return digest([self.location, *(identify(entry) for entry in self.entries)])


@identify.register
def _(opened: OpenEmbedding) -> object:
    return opened.identity


@cached()
def registry() -> Registry:
    """Return the installed plugins."""
    return Registry.installed()


@cached(spinner="Opening the dataset")
def dataset_at(location: str) -> Dataset:
    """Return the dataset at a location.

    Raises:
        CoveyError: it cannot be opened, or none that a read-only dashboard shows.
    """
    if location not in list_shown_locations():
        refuse_if_read_only()
    return open_dataset(registry(), location)


@looks_at_files
@cached(ttl=TABLES_TTL)
def list_tables(location: str) -> TableList:
    """List the tables of a dataset.

    Raises:
        CoveyError: the dataset cannot be opened.
    """
    dataset = dataset_at(location)
    return TableList(list(dataset.entries()), list(dataset.problems))


def list_embeddings(location: str) -> list[Entry[Embedding]]:
    """Return the embeddings of a dataset.

    Raises:
        CoveyError: the dataset cannot be opened.
    """
    return [entry for entry in list_tables(location).entries if is_entry_of(entry, Embedding)]


def confirm_images(location: str, images: Path) -> None:
    """Remember that the images of a dataset lie in a folder, as this user says.

    Raises:
        CoveyError: the dashboard is read-only, or the dataset cannot be written.
    """
    refuse_if_read_only()
    create_dataset(registry(), location, images)
    forget_contents()


@looks_at_files
@cached(spinner="Looking for images", ttl=IMAGES_TTL)
def image_folder(location: str) -> ImageFolder | None:
    """Return the folder with the images of a dataset, None if there are none.

    Raises:
        CoveyError: the dataset cannot be opened.
    """
    return dataset_at(location).images


@looks_at_files
@cached(spinner="Counting the images", ttl=IMAGES_TTL)
def count_images(location: str) -> int:
    """Return how many images a dataset has.

    Raises:
        CoveyError: the dataset cannot be opened.
    """
    folder = image_folder(location)
    return sum(1 for _ in folder.walk()) if folder else 0


@cached(spinner="Reading", max_entries=8)
def load_table(location: str, entry: Entry[T]) -> T:
    """Return a table of a dataset.

    Raises:
        CoveyError: the file is gone or damaged.
    """
    return dataset_at(location).load(entry)


@cached(spinner="Joining", max_entries=2)
def join_embeddings(opened: OpenEmbedding) -> Joined[Embedding]:
    """Return two embeddings joined by the names of their images, with what did not match.

    Raises:
        CoveyError: a file is gone or damaged.
    """
    return join_tables([load_table(opened.location, entry) for entry in opened.entries])


def load_embedding(opened: OpenEmbedding) -> Embedding:
    """Return the embedding that is open, or the two joined.

    Raises:
        CoveyError: a file is gone or damaged.
    """
    return join_embeddings(opened).table if opened.second else load_table(opened.location, opened.entry)


@cached(max_entries=4)
def list_names(opened: OpenEmbedding) -> list[str]:
    """Return the names of the images of the embedding that is open, which all windows share.

    Raises:
        CoveyError: a file is gone or damaged.
    """
    names: list[str] = load_embedding(opened).names.tolist()
    return names


def load_features(opened: OpenEmbedding) -> Floats:
    """Return the features (n, d) float32 that an embedding was made from, in the order of its images.

    Raises:
        CoveyError: they are not in the dataset, or lack images.
    """
    names = load_embedding(opened).names
    sets = [_read_features_of(opened.location, entry, names.tolist()) for entry in opened.entries]
    if len(sets) == 1:
        return sets[0]
    return join_tables([Features(names=names, X=X, provenance=None) for X in sets]).table.X


def list_features(opened: OpenEmbedding) -> list[Entry[Features]]:
    """Return the features of a dataset that have all images of an embedding and fit together in WIDEST columns.

    Those that the embedding was made from come first, then the narrowest.
    """
    sources = {entry.provenance.source.key for entry in opened.entries if entry.provenance and entry.provenance.source}
    entries = [entry for entry in list_tables(opened.location).entries if is_entry_of(entry, Features)]
    names = load_embedding(opened).names
    chosen: list[Entry[Features]] = []
    for entry in sorted(entries, key=lambda entry: (_key_of(entry) not in sources, entry.shape[1], entry.name)):
        width = sum(chosen_entry.shape[1] for chosen_entry in chosen) + entry.shape[1]
        if (not chosen or width <= WIDEST) and np.isin(names, load_table(opened.location, entry).names).all():
            chosen.append(entry)
    return chosen


def load_all_features(opened: OpenEmbedding, entries: Sequence[Entry[Features]]) -> Floats:
    """Return features joined (n, d) float32, in the order of the images of an embedding, all of which they have.

    Raises:
        CoveyError: a file is gone or damaged, or the features cannot be joined.
    """
    names = load_embedding(opened).names.tolist()
    tables = [load_table(opened.location, entry) for entry in entries]
    table = tables[0] if len(tables) == 1 else join_tables(tables).table
    row_by_name = {name: row for row, name in enumerate(table.names.tolist())}
    return table.X[[row_by_name[name] for name in names]]


def _key_of(entry: AnyEntry) -> str:
    return entry.provenance.key if entry.provenance else ""


def load_similarity_space(opened: OpenEmbedding) -> Floats:
    """Return numbers (n, d) float32 that are near for similar images: features, or the embedding if these are gone."""
    try:
        return load_features(opened)
    except CoveyError:
        return load_embedding(opened).Z


def _read_features_of(location: str, entry: AnyEntry, names: Sequence[str]) -> Floats:
    features_provenance = entry.provenance.source if entry.provenance else None
    features_entry = dataset_at(location).entries_by_key().get(features_provenance.key) if features_provenance else None
    if features_entry is None or not is_entry_of(features_entry, Features):
        raise CoveyError(f"The features that {entry.name} was made from are not in this dataset: make them again.")
    features = load_table(location, features_entry)
    if features.names.tolist() == names:
        return features.X
    row_by_name = {name: row for row, name in enumerate(features.names.tolist())}
    if missing_names := [name for name in names if name not in row_by_name]:
        raise CoveyError(
            f"{features_entry.name} lacks images of {entry.name}: {preview(missing_names)}. Make them again."
        )
    return features.X[[row_by_name[name] for name in names]]
