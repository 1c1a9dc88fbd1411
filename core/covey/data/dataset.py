"""Datasets, and the storage backends that open them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar, Literal

import attrs
import numpy as np

from covey._base.errors import CoveyError
from covey._base.progress import SILENT, Progress
from covey.components.contracts import Component, Floats
from covey.data.images import ImageFolder
from covey.data.provenance import Provenance
from covey.data.tables import Features, Names, Table

TableKind = Literal["features", "embedding", "clustering"]
METADATA = "downloaded_data_meta.pkl"
"""The metadata table of the original tools."""
WORK = ".covey"
"""The folder in a dataset's home for what can be made again."""
_SHARED = (".npz", ".csv", ".parquet")


@attrs.frozen(kw_only=True)
class Entry:
    """One table that a dataset holds, as it is listed without being read.

    `shape` is (n, d): images and columns; d is 1 for a clustering. `provenance` is None in files of other tools.
    """

    name: str
    kind: TableKind
    shape: tuple[int, int]
    provenance: Provenance | None


class Dataset(ABC):
    """Images and the tables made from them, opened by a storage backend."""

    location: str
    """As a person writes it: "npz:birds" or "kaggle:owner/name"."""
    home: Path
    """A folder on this machine that may be written: for exports and unfinished work."""
    compress: bool = False
    """Whether the tables that are saved from now on are compressed, where the backend can."""

    @property
    @abstractmethod
    def images(self) -> ImageFolder | None:
        """The folder with the images on this machine; None when there are none."""

    @property
    def files(self) -> list[Path]:
        """The files on this machine that make it up beside its images, sorted by name: tables of every kind."""
        return shared(self.home)

    @abstractmethod
    def entries(self) -> list[Entry]:
        """Return what is kept, sorted by kind and name, without reading arrays."""

    @property
    def problems(self) -> list[str]:
        """One sentence for each file that looks like a table and cannot be listed."""
        return []

    @abstractmethod
    def load(self, entry: Entry) -> Table:
        """Read one table. Raises CoveyError when it is damaged."""

    @abstractmethod
    def save(self, tables: Sequence[Table]) -> None:
        """Keep tables. One that is kept already, by its key, is left as it is. Raises CoveyError."""

    def save_features(self, names: Names, blocks: Iterable[Floats], made: Provenance) -> None:
        """Keep features that come in blocks of rows (b, d), in the order of `names`. Raises CoveyError.

        A backend that can write a block before the next one comes does so, and needs memory for one block alone.
        """
        self.save([Features(names=names, X=np.concatenate(list(blocks)), provenance=made)])

    def find(self, key: str) -> Entry | None:
        """Return the entry whose provenance has this key."""
        return next((entry for entry in self.entries() if entry.provenance and entry.provenance.key == key), None)


@attrs.frozen(kw_only=True)
class PublishOptions:
    """How a dataset is to be published."""

    public: bool = False
    """For all to see."""
    message: str = ""
    """What is new; "" for a generated text."""
    original: bool = False
    """With what the original tools need besides."""


class Storage(Component):
    """Opens datasets wherever they lie. Its name is the scheme of its locations: `name:place`."""

    kind: ClassVar[str] = "storage"

    def fetch(self, place: str, progress: Progress = SILENT) -> None:
        """Bring the dataset at `place` to this machine, or up to date; by default it is on this machine.

        Raises:
            CoveyError: it is not on this machine and cannot be fetched.
        """
        return

    @abstractmethod
    def open(self, place: str) -> Dataset:
        """Return the dataset at `place`, the location without its scheme; one that was fetched needs no network.

        Raises:
            CoveyError: there is no such place, or it cannot be reached.
        """

    def create(self, place: str, images: Path) -> Dataset:
        """Return a dataset at `place`, made if need be, that remembers where its images are.

        Raises:
            CoveyError: this storage makes no datasets, or `place` cannot be written.
        """
        raise CoveyError(f"{self.name} cannot make a dataset at {place!r}: use --out with a folder.")

    def publish(self, dataset: Dataset, place: str, wishes: PublishOptions, progress: Progress = SILENT) -> str:
        """Make `place` hold what a dataset holds, and return what was done, in a sentence.

        Raises:
            CoveyError: this storage publishes nothing, `place` cannot be written, or the dataset is empty.
        """
        raise CoveyError(f"{self.name} publishes nothing: name a place such as kaggle:owner/name.")


def shared(folder: Path) -> list[Path]:
    """Return the files in a folder that are part of a dataset for others too, sorted by name; none where it is not."""
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(path for path in found if _is_shared(path) and path.is_file())


def _is_shared(path: Path) -> bool:
    return path.name == METADATA or (path.suffix in _SHARED and not path.name.startswith("."))
