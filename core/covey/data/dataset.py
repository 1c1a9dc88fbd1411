"""A dataset: images, and the tables made from them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Generic, TypeGuard, TypeVar

import attrs
import numpy as np

from covey._base.errors import CoveyError
from covey.components.contracts import Floats
from covey.components.guard import guard_overrides
from covey.components.table_kinds import TableKind
from covey.data.catalogue.clip_finder import ImageClip, read_stamps
from covey.data.image_clips import find_clips
from covey.data.image_contents import hash_images
from covey.data.images import ImageFolder
from covey.data.legacy.file_names import CONVERTED_RECORDINGS, DOWNLOADED_RECORDINGS, METADATA_FILE
from covey.data.outside_paths import is_link_outside
from covey.data.provenance import Provenance
from covey.data.tables import Clustering, Embedding, Extra, Features, LearnedState, Names, PointTable, Table
from covey.labelling import LabelStore, open_labels
from covey.labelling.clips import RecordingClip

RECORDING_FOLDERS = ("audio", "recordings")
_IMAGE_FOLDERS = ("images", "xc_spectrograms")
_PUBLISHED = (".npz", ".csv", ".parquet")
T = TypeVar("T", bound=Table)
T_co = TypeVar("T_co", bound=Table, covariant=True)


@attrs.frozen(kw_only=True)
class Entry(Generic[T_co]):
    """One table of a dataset, as it is listed without being read.

    `table` is its class. `shape` is (n, d): images and columns; d is 1 for a clustering, and the number of all numbers
    for a state. `provenance` is None in files of other tools. `given_name` is what people call it, "" for nothing.
    """

    name: str
    table: type[T_co]
    shape: tuple[int, int]
    provenance: Provenance | None
    given_name: str = ""

    @property
    def kind(self) -> TableKind:
        """Which kind of table it is."""
        return self.table.kind

    @property
    def stem(self) -> str:
        """The name without the ending of its file."""
        return table_stem(self.name)

    @property
    def title(self) -> str:
        """What people call it, or else its name without ending."""
        return self.given_name or self.stem


def table_stem(name: str) -> str:
    """Return the name of a table without the ending of its file, if it has one."""
    return name.removesuffix(".npz")


AnyEntry = Entry[Features] | Entry[Embedding] | Entry[Clustering] | Entry[LearnedState] | Entry[Extra]


def is_entry_of(entry: Entry[Table], table: type[T]) -> TypeGuard[Entry[T]]:
    """Whether an entry is of a table of this class."""
    return entry.table is table


class Dataset(ABC):
    """Images and the tables made from them, opened by a storage backend."""

    location: str
    """As a person writes it: "npz:birds" or "kaggle:owner/name"."""
    home: Path
    """A folder on this machine that may be written: for exports and unfinished work."""

    def __init_subclass__(cls) -> None:
        """Guard what a plugin implements, see `covey.components.guard`."""
        super().__init_subclass__()
        guard_overrides(cls)

    @property
    @abstractmethod
    def images(self) -> ImageFolder | None:
        """The folder with the images on this machine; None when there are none."""

    def image_contents(self, names: Collection[str]) -> dict[str, str]:
        """Return the SHA-256 of each of these images that is on this machine."""
        images = self.images
        return hash_images(images, names) if images else {}

    def clips(self, names: Collection[str]) -> dict[str, ImageClip]:
        """Return the pieces of recordings that those of these images show of which it is known."""
        images = self.images
        if images is None:
            return {}
        return find_clips(images, self.home, self.project_folders, self.recording_folders, names)

    def image_clips(self, names: Collection[str]) -> dict[str, RecordingClip]:
        """Return the clips of those of these images whose recording and length are known."""
        clips = self.clips(names)
        return {name: clip.as_label_clip() for name, clip in clips.items() if clip.content and clip.duration_s}

    @property
    def labels(self) -> LabelStore:
        """The labels that people gave to the images, with their history; opened anew at each access.

        Raises:
            CoveyError: the label file is held by another program, damaged, of a newer covey, or not a label file.
        """
        return open_labels(self)

    @property
    def files(self) -> list[Path]:
        """The files on this machine that make it up beside its images, sorted by name: tables of every kind."""
        return [path for path in list_published_files(self.home) if not is_link_outside(path, self.home)]

    @property
    def left_out(self) -> list[str]:
        """One sentence for each thing in it that leads to something of the user's, and so is not part of it."""
        return []

    @property
    def writable(self) -> bool:
        """Whether tables and labels can be stored in it; covey asks before it computes anything.

        Where not, labels lie in the user's data folder on this machine.
        """
        return True

    def keep(self, path: Path) -> None:
        """Store a file that was written into `home` or changed there, such as labels or clusters.csv.

        covey calls this each time, after the file is whole; tables are stored by `save` itself. The default does
        nothing, for datasets that lie in `home`. A backend whose datasets lie elsewhere copies the file there, and
        must not replace it in `home` at the next `Storage.fetch` if that failed.

        Args:
            path: the file in `home`.

        Raises:
            CoveyError: it cannot be stored.
        """
        return

    @property
    def unconfirmed_images(self) -> Path | None:
        """The folder outside it in which its images would lie, if it has no others and this user has not agreed."""
        return None

    @property
    def image_choices(self) -> list[Path]:
        """The folders in it with images of different recipes, which are never mixed; none where there is no choice."""
        return []

    @property
    def recording_folders(self) -> list[Path]:
        """The folders in which recordings usually lie, beside the images: those that are there, the likeliest first."""
        folders = [folder for project in self.project_folders for folder in _usual_recording_folders(project)]
        return list(dict.fromkeys(folders))

    @property
    def project_folders(self) -> list[Path]:
        """The folders in which recordings and `clips.csv` may lie: its own, that of the images, and the one around."""
        images = self.images
        root = images.root if images else self.home
        return list(dict.fromkeys([self.home, root, *([root.parent] if root.name in _IMAGE_FOLDERS else [])]))

    @abstractmethod
    def entries(self) -> Sequence[AnyEntry]:
        """List the tables, sorted by kind and name, without reading arrays."""

    def features(self) -> list[Entry[Features]]:
        """List the tables of features, sorted by name."""
        return self._entries_of(Features)

    def embeddings(self) -> list[Entry[Embedding]]:
        """List the embeddings, sorted by name."""
        return self._entries_of(Embedding)

    def clusterings(self) -> list[Entry[Clustering]]:
        """List the clusterings, sorted by name."""
        return self._entries_of(Clustering)

    def states(self) -> list[Entry[LearnedState]]:
        """List what extractors have learned, sorted by name."""
        return self._entries_of(LearnedState)

    def extras(self) -> list[Entry[Extra]]:
        """List the extra tables of extractors, sorted by name."""
        return self._entries_of(Extra)

    def _entries_of(self, table: type[T]) -> list[Entry[T]]:
        return [entry for entry in self.entries() if is_entry_of(entry, table)]

    def entries_by_key(self) -> dict[str, AnyEntry]:
        """List the tables by the keys of their provenance, without those that have none."""
        return {entry.provenance.key: entry for entry in self.entries() if entry.provenance}

    def find(self, key: str) -> AnyEntry:
        """Return the entry whose provenance has this key.

        Raises:
            CoveyError: there is no such table.
        """
        entry = self.entries_by_key().get(key)
        if entry is None:
            raise CoveyError(f"There is no table with the key {key[:8]} in {self.location}: compute it first.")
        return entry

    def find_embedding(self, clustering: Clustering) -> Entry[Embedding]:
        """Return the embedding that a clustering was made from.

        Raises:
            CoveyError: it was made from features or by another tool, or the embedding is not in the dataset.
        """
        entry = self.find(clustering.provenance.input) if clustering.provenance else None
        if entry is None or not is_entry_of(entry, Embedding):
            raise CoveyError("The clustering was not made from an embedding: take one from `Dataset.embeddings()`.")
        return entry

    @property
    def problems(self) -> list[str]:
        """One sentence for each file that looks like a table and cannot be listed."""
        return []

    @abstractmethod
    def load(self, entry: Entry[T]) -> T:
        """Read one table.

        Raises:
            CoveyError: it is damaged, missing, or no longer a table of the class that was listed.
        """

    def load_points(self, entry: AnyEntry) -> PointTable:
        """Read a table that can be clustered: features or an embedding.

        Raises:
            CoveyError: it is of another kind, or cannot be read.
        """
        table = self.load(entry)
        if not isinstance(table, PointTable):
            raise CoveyError(f"{entry.name} holds no points: choose features or an embedding.")
        return table

    @abstractmethod
    def save(self, tables: Sequence[Table], compress: bool = False) -> None:
        """Write tables. One that is there already, by its key, is not written again.

        Args:
            tables: each with provenance.
            compress: whether the files are compressed, if the backend can.

        Raises:
            CoveyError: the dataset cannot be written.
        """

    def save_features(
        self, names: Names, blocks: Iterable[Floats], provenance: Provenance, compress: bool = False
    ) -> None:
        """Write features that come in blocks of rows.

        A backend that can write a block before the next one comes does so, and needs memory for one block only.

        Args:
            names: the images (n,).
            blocks: arrays (b, d) float32, in the order of `names`.
            provenance: how the features were made.
            compress: as in `save`.

        Raises:
            CoveyError: the dataset cannot be written.
        """
        self.save([Features(names=names, X=np.concatenate(list(blocks)), provenance=provenance)], compress)


def _usual_recording_folders(project: Path) -> list[Path]:
    """Return the folders of a project that have the names of folders of recordings; links out of it do not count."""
    converted = _list_converted_recordings(project, read_stamps([project])) if project.is_dir() else ()
    folders = [*(project / name for name in RECORDING_FOLDERS), *converted, project / DOWNLOADED_RECORDINGS]
    return [folder for folder in folders if folder.is_dir() and not is_link_outside(folder, project)]


@lru_cache(maxsize=64)
def _list_converted_recordings(project: Path, _stamps: object) -> Sequence[Path]:
    """Return the converted recordings in a folder, looked for again once its stamps differ: it may hold all images."""
    inside = project.iterdir()  # among a million images it is quicker than glob
    return sorted(path for path in inside if path.name.startswith(CONVERTED_RECORDINGS))


def list_published_files(folder: Path) -> list[Path]:
    """Return the files in a folder that are published with a dataset, sorted by name; none if there is no folder."""
    paths = folder.iterdir() if folder.is_dir() else ()
    return sorted(path for path in paths if _is_published(path) and path.is_file())


def _is_published(path: Path) -> bool:
    return path.name == METADATA_FILE or (path.suffix in _PUBLISHED and not path.name.startswith("."))
