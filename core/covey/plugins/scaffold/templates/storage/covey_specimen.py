"""The storage `specimen` for covey: locations such as `specimen:birds`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from covey import CoveyError, Dataset, Storage, component, hookimpl
from covey.authoring import FolderDataset, make_folder


@component
class Specimen(Storage):
    """A folder on this machine, as a start: fetch the dataset into one, then open it."""

    name = "specimen"

    def open(self, place: str) -> Dataset:
        """Return the dataset at `place`. Raises CoveyError when there is none."""
        if not Path(place).is_dir():
            raise CoveyError(f"There is no dataset {self.name}:{place}: check the spelling, or make it first.")
        return FolderDataset(Path(place), f"{self.name}:{place}")

    def create(self, place: str, images: Path) -> Dataset:
        """Return the dataset at `place`, made if need be, that remembers where its images are. Raises CoveyError."""
        dataset = FolderDataset(make_folder(Path(place)), f"{self.name}:{place}")
        dataset.point_to(images)
        return dataset


@hookimpl
def covey_storages() -> Iterable[type[Storage]]:
    """Offer the storage."""
    yield Specimen
