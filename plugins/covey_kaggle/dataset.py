"""A version as it was fetched, and what was computed from it here, as one dataset."""

from __future__ import annotations

from pathlib import Path

from covey import CoveyError
from covey.authoring import AnyEntry, Entry, FolderDataset, ImageFolder, T, list_published_files, make_folder
from covey_kaggle.local_copy import Slug


class KaggleDataset(FolderDataset):
    """What is saved goes to the user's own folder; what is read comes from there or from the version as fetched."""

    def __init__(self, version: Path, own: Path, location: str) -> None:
        super().__init__(own, location)
        self.version = FolderDataset(version)

    @property
    def images(self) -> ImageFolder | None:
        """The images of the version."""
        return self.version.images

    @property
    def files(self) -> list[Path]:
        """Its own files, and those of the version that go by other names."""
        own = {path.name: path for path in list_published_files(self.home)}
        return sorted(({path.name: path for path in self.version.files} | own).values(), key=lambda path: path.name)

    @property
    def problems(self) -> list[str]:
        """One sentence for each file that could not be listed."""
        return [*super().problems, *self.version.problems]

    def entries(self) -> list[AnyEntry]:
        """Return the tables of both folders, each once."""
        entries_by_name = {entry.name: entry for entry in [*self.version.entries(), *super().entries()]}
        return sorted(entries_by_name.values(), key=lambda entry: (entry.kind, entry.name))

    def load(self, entry: Entry[T]) -> T:
        """Read one table."""
        is_own = (self.home / entry.name).is_file()
        return super().load(entry) if is_own else self.version.load(entry)


def open_version(slug: Slug, number: int) -> KaggleDataset:
    """Open a version that is on this machine. Raises CoveyError when it holds nothing for covey."""
    dataset = KaggleDataset(slug.shelf.version(number), make_folder(slug.shelf.own), str(slug))
    if dataset.images is None and not dataset.entries():
        raise CoveyError(f"{slug} holds neither images nor feature files: choose a dataset of spectrograms.")
    return dataset
