"""A dataset in a folder on this machine, with the layout of the original tools."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import attrs

from covey._base.digests import hash_file
from covey._base.errors import CoveyError
from covey._base.files import WORK, is_writable_folder, make_folder, remove_leftovers
from covey.components.contracts import Floats
from covey.components.kinds import Kind
from covey.data.dataset import AnyEntry, Dataset, Entry, T, list_published_files
from covey.data.formats import npz
from covey.data.grouping_names import FILE as NAMES_FILE
from covey.data.grouping_names import read_grouping_names
from covey.data.images import ImageFolder
from covey.data.legacy.file_names import IMAGE_FOLDERS, PARAMETERS_FILE, TABLE_PREFIXES
from covey.data.outside_paths import is_link_outside, leads_outside
from covey.data.pointer import POINTER, Pointer, point_to_images, read_pointer
from covey.data.provenance import Provenance
from covey.data.tables import Names, Table

STATE_PREFIX = "learned_"
"""How the names of states begin, which the original tools do not have."""
EXTRA_PREFIX = "extra_"
"""How the names of extra tables begin, which the original tools do not have."""
_IMAGE_FOLDERS = ("images", *IMAGE_FOLDERS)


class FolderDataset(Dataset):
    """A dataset whose tables are NPZ files in one folder.

    Every file that covey writes into the folder is handed to `keep`; where the datasets of a subclass lie elsewhere,
    that copies it there. The images are in `images/`, in `xc_spectrograms/`, in a folder that `covey.json` names, or in
    the folder itself.
    """

    def __init__(self, folder: Path, location: str | None = None) -> None:
        self.home = folder
        self.location = location or str(folder)
        self._problems: list[str] = []

    @property
    def images(self) -> ImageFolder | None:
        """The first of these folders that holds images; none while a person has to choose between several recipes."""
        folder = self._first_with_images()
        if folder is None or (folder == self.home and self.image_choices):
            return None
        return ImageFolder(folder, self.home / WORK)

    @property
    def image_choices(self) -> list[Path]:
        """The folders of images in it that were made by different recipes, as in a project of the original tools."""
        recipes = {
            file.parent: _hash_recipe(file)
            for file in sorted(self.home.glob(f"*/{PARAMETERS_FILE}"))
            if file.is_file() and not is_link_outside(file, self.home) and ImageFolder(file.parent).has_images()
        }
        is_choice = len(set(recipes.values())) > 1 and self._first_with_images() in (self.home, *recipes)
        return list(recipes) if is_choice else []

    def _first_with_images(self) -> Path | None:
        folders = (folder for folder in self._image_folders() if self._is_ours(folder) and _is_folder(folder))
        return next((folder for folder in folders if ImageFolder(folder).has_images()), None)

    @property
    def writable(self) -> bool:
        """Whether files can be written into the folder."""
        return is_writable_folder(self.home)

    @property
    def problems(self) -> list[str]:
        """One sentence for each NPZ file that could not be listed, and for what leads out of the folder."""
        self.entries()
        return [*self._problems, *self.left_out]

    @property
    def left_out(self) -> list[str]:
        """One sentence for each link or pointer out of the folder: what it leads to is not part of the dataset."""
        links = [path for path in list_published_files(self.home) if is_link_outside(path, self.home)]
        return [*map(_describe_link, links), *map(self._describe_images_outside, self._unconfirmed_folders())]

    @property
    def unconfirmed_images(self) -> Path | None:
        """The folder outside this one to which a link or pointer leads that this user's covey did not write."""
        folders = [] if self.images else self._unconfirmed_folders()
        return folders[0].resolve() if folders else None

    def _unconfirmed_folders(self) -> list[Path]:
        return [folder for folder in self._image_folders() if _is_folder(folder) and not self._is_ours(folder)]

    def _describe_images_outside(self, folder: Path) -> str:
        place = folder.resolve()
        return (
            f"The images of {self.home} lie outside it, in {place}, and you have not confirmed that: they are left out."
        )

    def entries(self) -> list[AnyEntry]:
        """List the tables in the folder."""
        entries: list[AnyEntry] = []
        self._problems = []
        for path in sorted(self.home.glob("*.npz")):
            if not path.is_file() or is_link_outside(path, self.home):
                continue
            try:
                entries.append(npz.read_entry(path))
            except CoveyError as error:
                self._problems.append(str(error))
        return sorted(self._with_given_names(entries), key=lambda entry: (entry.kind, entry.name))

    def _with_given_names(self, entries: Sequence[AnyEntry]) -> list[AnyEntry]:
        """Return entries with the names that people gave them."""
        try:
            name_by_key = {} if is_link_outside(self.home / NAMES_FILE, self.home) else read_grouping_names(self.home)
        except CoveyError as error:
            self._problems.append(str(error))
            return list(entries)
        return [
            attrs.evolve(entry, given_name=name_by_key[entry.provenance.key])
            if entry.provenance and entry.provenance.key in name_by_key
            else entry
            for entry in entries
        ]

    def load(self, entry: Entry[T]) -> T:
        """Read one table."""
        table = npz.read(self.home / entry.name)
        if not isinstance(table, entry.table):
            raise CoveyError(f"{self.home / entry.name} is no longer the table that was listed: start again.")
        return table

    def save(self, tables: Sequence[Table], compress: bool = False) -> None:
        """Write the tables that do not exist yet."""
        make_folder(self.home)
        for table in tables:
            path = self.home / table_file_name(table.provenance)
            if not path.exists():
                npz.write(path, table, compress)
                self.keep(path)

    def save_features(
        self, names: Names, blocks: Iterable[Floats], provenance: Provenance, compress: bool = False
    ) -> None:
        """Write features block by block, if they do not exist yet."""
        path = make_folder(self.home) / table_file_name(provenance)
        remove_leftovers(path)
        if not path.exists():
            npz.write_features(path, names, blocks, provenance, compress)
            self.keep(path)

    def point_to(self, images: Path) -> None:
        """Write where the images are to `covey.json`, relative to this folder if they are on the same drive.

        Outside this folder they count as its images only for this user: another one has to say so again.
        """
        point_to_images(self.home, images)
        self.keep(self.home / POINTER)

    @property
    def recording_folders(self) -> list[Path]:
        """The folders with recordings, the most likely first: those that `covey.json` names, then the usual ones."""
        pointer = read_pointer(self.home)
        own_folders = (
            [pointer.resolve(place) for place in pointer.recordings if self._may_use(pointer, place)] if pointer else []
        )
        return [folder for folder in dict.fromkeys([*own_folders, *super().recording_folders]) if _is_folder(folder)]

    def _may_use(self, pointer: Pointer, location: str) -> bool:
        """Whether recordings at a place count: inside this folder, or outside it by this user's will."""
        folder = pointer.resolve(location)
        if folder.is_relative_to(os.path.normpath(self.home)):
            return not leads_outside(folder, self.home)
        return pointer.is_ours(location)

    def _is_ours(self, folder: Path) -> bool:
        """Whether a folder of images is in this one, or outside it by this user's will."""
        if not leads_outside(folder, self.home):
            return True
        pointer = read_pointer(self.home)
        if pointer is None or not pointer.is_ours(pointer.images) or folder != pointer.resolve(pointer.images):
            return False
        return not folder.is_relative_to(os.path.normpath(self.home))  # what lies in a dataset travels with it

    def _image_folders(self) -> list[Path]:
        pointer = read_pointer(self.home)
        return [
            *(self.home / inner for inner in _IMAGE_FOLDERS),
            *([pointer.resolve(pointer.images)] if pointer and pointer.images else []),
            self.home,
        ]


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # a name that is too long, or none at all
        return False


def _describe_link(path: Path) -> str:
    return f"{path} is a link that leads out of the dataset: it is left out. If it belongs there, copy the file."


def _hash_recipe(file: Path) -> str:
    """Return the SHA-256 of a file of parameters; one that cannot be read counts as a recipe of its own."""
    try:
        return hash_file(file)
    except OSError:
        return str(file)


def table_file_name(provenance: Provenance | None) -> str:
    """Return the file name of a table: the pattern of the original tools, with a short key at the end."""
    if provenance is None:
        raise ValueError("a table without provenance cannot be named")
    stem = _name_kind(provenance) + "_".join(map(_name_step, provenance.chain))
    return f"{re.sub(r'[^A-Za-z0-9_.+-]', '-', stem)[:150]}~{_name_key(provenance)}.npz"


def _name_kind(provenance: Provenance) -> str:
    """Return what the name of a table begins with."""
    if provenance.is_extra:
        return f"{EXTRA_PREFIX}{provenance.output}_"
    return STATE_PREFIX if provenance.is_state else TABLE_PREFIXES[provenance.kind]


def _name_key(provenance: Provenance) -> str:
    """Return the key at the end of a name: one for all sizes of a reduction, by which the original tools group them."""
    if provenance.kind is not Kind.REDUCER:
        return provenance.short_key
    options = {name: setting for name, setting in provenance.options.items() if name != "sizes"}
    return attrs.evolve(provenance, options=options).short_key


def _name_step(step: Provenance) -> str:
    """Return what a component adds to a name; a reducer begins as the original tools do, and then has its own name."""
    if step.kind is not Kind.REDUCER or step.joined:
        return step.tag
    sizes_option = step.options.get("sizes")
    sizes = "-".join(map(str, sizes_option)) if isinstance(sizes_option, list | tuple) else ""
    return f"{sizes}_neigh_{step.options.get('neighbors', 0)}_{step.tag}"
