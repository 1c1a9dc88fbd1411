"""A fetched version and the results computed from it on this machine, as one dataset."""

from __future__ import annotations

from pathlib import Path

from covey import CoveyError
from covey.authoring import AnyEntry, Entry, FolderDataset, ImageFolder, T, list_published_files, make_folder
from covey_kaggle.local_copy import Slug


class KaggleDataset(FolderDataset):
    """Saves to the folder of results; reads from there and from the fetched version, which never changes."""

    def __init__(self, version: Path, results: Path, location: str) -> None:
        super().__init__(results, location)
        self.version = FolderDataset(version)

    @property
    def images(self) -> ImageFolder | None:
        """The images of the version."""
        return self.version.images

    @property
    def files(self) -> list[Path]:
        """The files of both folders; results replace files of the version that have the same name."""
        files_by_name = {path.name: path for path in [*self.version.files, *list_published_files(self.home)]}
        return [files_by_name[name] for name in sorted(files_by_name)]

    @property
    def problems(self) -> list[str]:
        """One sentence for each file that could not be listed."""
        return [*super().problems, *self.version.problems]

    def entries(self) -> list[AnyEntry]:
        """Return the tables of both folders, each once, sorted by kind and name."""
        entries_by_name = {entry.name: entry for entry in [*self.version.entries(), *super().entries()]}
        return sorted(entries_by_name.values(), key=lambda entry: (entry.kind, entry.name))

    def load(self, entry: Entry[T]) -> T:
        """Read one table.

        Raises:
            CoveyError: the file is gone or damaged.
        """
        is_result = (self.home / entry.name).is_file()
        return super().load(entry) if is_result else self.version.load(entry)


def open_version(slug: Slug, number: int) -> KaggleDataset:
    """Open a version that is on this machine.

    Raises:
        CoveyError: it holds neither images nor tables.
    """
    dataset = KaggleDataset(slug.local_copy.version(number), make_folder(slug.local_copy.results), str(slug))
    if dataset.images is None and not dataset.entries():
        raise CoveyError(f"{slug} holds neither images nor feature files: choose a dataset of spectrograms.")
    return dataset
