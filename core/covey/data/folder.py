"""A dataset that is a folder on this machine, laid out as the original tools lay it out."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from covey._base.errors import CoveyError
from covey._base.files import make_folder, write_text
from covey.components.contracts import Floats
from covey.components.kinds import Kind
from covey.data.dataset import AnyEntry, Dataset, Entry, T
from covey.data.formats import npz
from covey.data.images import ImageFolder
from covey.data.provenance import Provenance
from covey.data.tables import Names, Table

POINTER = "covey.json"
_PREFIXES = {Kind.EXTRACTOR: "full_features_", Kind.REDUCER: "dimred_", Kind.CLUSTERER: "clusters_"}
"""How the names of files begin, as in the original tools."""
_INNER = ("images", "xc_spectrograms/xc_spectrograms", "xc_spectrograms")


class FolderDataset(Dataset):
    """Images in `images/`, in `xc_spectrograms/`, elsewhere (remembered in `covey.json`) or in the folder itself."""

    def __init__(self, folder: Path, location: str | None = None) -> None:
        self.home = folder
        self.location = location or str(folder)
        self._problems: list[str] = []

    @property
    def images(self) -> ImageFolder | None:
        """The first of these folders that holds images."""
        for folder in self._candidates():
            if folder.is_dir() and next(ImageFolder(folder).walk(), None):
                return ImageFolder(folder)
        return None

    @property
    def problems(self) -> list[str]:
        """One sentence for each NPZ file that could not be listed."""
        self.entries()
        return self._problems

    def entries(self) -> list[AnyEntry]:
        """Return the tables in the folder."""
        entries: list[AnyEntry] = []
        self._problems = []
        for path in sorted(self.home.glob("*.npz")):
            try:
                entries.append(npz.read_entry(path))
            except CoveyError as error:
                self._problems.append(str(error))
        return sorted(entries, key=lambda entry: (entry.kind, entry.name))

    def load(self, entry: Entry[T]) -> T:
        """Read one table."""
        table = npz.read(self.home / entry.name)
        if not isinstance(table, entry.table):
            raise CoveyError(f"{self.home / entry.name} is no longer the table that was listed: start again.")
        return table

    def save(self, tables: Sequence[Table], compress: bool = False) -> None:
        """Write the tables that are not there yet."""
        make_folder(self.home)
        for table in tables:
            path = self.home / table_file_name(table.provenance)
            if not path.exists():
                npz.write(path, table, compress)

    def save_features(
        self, names: Names, blocks: Iterable[Floats], provenance: Provenance, compress: bool = False
    ) -> None:
        """Write features block by block, if they are not there yet."""
        path = make_folder(self.home) / table_file_name(provenance)
        for half in path.parent.glob(f".{path.name[:60]}.*.tmp"):  # of a run that was killed
            half.unlink(missing_ok=True)
        if not path.exists():
            npz.write_features(path, names, blocks, provenance, compress)

    def point_to(self, images: Path) -> None:
        """Remember where the images are; relative to this folder where that is possible."""
        try:
            place = Path(os.path.relpath(images.resolve(), self.home.resolve())).as_posix()
        except ValueError:  # another drive
            place = images.resolve().as_posix()
        text = json.dumps({"images": place}, indent=2) + "\n"
        if not self._pointer().is_file() or self._pointer().read_text("utf-8") != text:
            write_text(self._pointer(), text)

    def _candidates(self) -> list[Path]:
        return [*(self.home / inner for inner in _INNER), *self._pointed(), self.home]

    def _pointed(self) -> list[Path]:
        if not self._pointer().is_file():
            return []
        try:
            place = str(json.loads(self._pointer().read_text("utf-8"))["images"])
            return [Path(os.path.normpath(self.home / place))]
        except (ValueError, KeyError, TypeError) as error:
            raise CoveyError(f"{self._pointer()} is damaged: delete it and run covey with --out again.") from error

    def _pointer(self) -> Path:
        return self.home / POINTER


def table_file_name(made: Provenance | None) -> str:
    """Return the name under which a table is kept: the original's pattern with a short key at its end."""
    if made is None:
        raise ValueError("a table without provenance cannot be named")
    stem = _PREFIXES[made.kind] + _story(made)
    return f"{re.sub(r'[^A-Za-z0-9_.+-]', '-', stem)[:150]}~{made.short_key}.npz"


def _story(made: Provenance) -> str:
    """Return how a table came about, from its last step back to its first."""
    source = f"_{_story(made.source)}" if made.source else ""
    if made.kind is not Kind.REDUCER:
        return made.tag + source
    size = "-".join(map(str, made.options.get("sizes", [])))
    return f"{size}_neigh_{made.options.get('neighbors', 0)}{source}"
