"""The storage `npz`: a dataset that is a folder on this machine."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from covey import CoveyError, Dataset, Storage, component, hookimpl
from covey.authoring import FolderDataset, make_folder


@component
class Npz(Storage):
    """A folder with images and NPZ files, laid out as the original tools lay it out."""

    name = "npz"

    def open(self, place: str) -> Dataset:
        """Return the dataset in the folder `place`. Raises CoveyError when there is no such folder."""
        folder = Path(place).expanduser()
        if folder.is_dir():
            return FolderDataset(folder)
        if folder.exists():
            raise CoveyError(f"{place} is a file: give the folder that holds the dataset.")
        raise CoveyError(f"There is no folder {place}: check the spelling, or make the dataset first.")

    def create(self, place: str, images: Path) -> Dataset:
        """Return the dataset in the folder `place`, made if need be, that remembers where its images are.

        Raises CoveyError when the folder cannot be made or written.
        """
        dataset = FolderDataset(make_folder(Path(place).expanduser()))
        dataset.point_to(images)
        return dataset


@hookimpl
def covey_storages() -> Iterable[type[Storage]]:
    """Offer folders with NPZ files."""
    yield Npz
