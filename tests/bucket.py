"""A storage of a third party: datasets wherever fsspec reaches, each with a copy on this machine."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import fsspec

from covey import CoveyError, Dataset, Storage, component, hookimpl, option
from covey.authoring import SILENT, FolderDataset, Progress, hash_file, make_folder, user_data_folder, write_text


class BucketDataset(FolderDataset):
    """A copy of a dataset on this machine, of which every file that covey changes is sent back."""

    def __init__(self, home: Path, url: str, location: str, read_only: bool) -> None:
        super().__init__(home, location)
        self.files_system, self.root = fsspec.core.url_to_fs(url)
        self.read_only = read_only

    @property
    def writable(self) -> bool:
        return not self.read_only and super().writable

    def keep(self, path: Path) -> None:
        name = path.relative_to(self.home).as_posix()
        synced = self._read_synced()
        if self.remote_versions().get(name) != synced.get(name, {}).get("version"):
            raise CoveyError(f"{name} was changed in {self.location} by another program: fetch it into another folder.")
        self.files_system.makedirs(str(PurePosixPath(self.root, name).parent), exist_ok=True)
        self.files_system.put_file(str(path), f"{self.root}/{name}")
        self._write_synced(name)

    def fetch(self, progress: Progress) -> None:
        """Fetch what has changed in the bucket, but for files with changes that were not sent yet."""
        synced = self._read_synced()
        for name, version in self.remote_versions().items():
            path = self.home / name
            content = synced.get(name, {}).get("content")
            if version != synced.get(name, {}).get("version") and not (path.exists() and hash_file(path) != content):
                make_folder(path.parent)
                self.files_system.get_file(f"{self.root}/{name}", str(path))
                self._write_synced(name)

    def remote_versions(self) -> dict[str, str]:
        """Return the version of each file in the bucket."""
        self.files_system.invalidate_cache()
        if not self.files_system.exists(self.root):
            return {}
        return {path[len(self.root) :].strip("/"): self.files_system.ukey(path) for path in self._list_files()}

    def _list_files(self) -> Iterator[str]:
        yield from self.files_system.find(self.root)

    def _read_synced(self) -> dict[str, dict[str, str]]:
        path = self._synced_file
        synced: dict[str, dict[str, str]] = json.loads(path.read_text("utf-8")) if path.exists() else {}
        return synced

    def _write_synced(self, name: str) -> None:
        version = self.remote_versions()[name]
        synced = {**self._read_synced(), name: {"version": version, "content": hash_file(self.home / name)}}
        make_folder(self._synced_file.parent)
        write_text(self._synced_file, json.dumps(synced))

    @property
    def _synced_file(self) -> Path:
        return self.home / ".covey" / "synced.json"


@component
class Bucket(Storage):
    """Datasets in a bucket: bucket:birds is the folder birds in it."""

    name = "bucket"
    requires = {"fsspec": "fsspec"}

    root: str = option(default="memory://lab", help="Where the datasets lie, as fsspec names it.")
    read_only: bool = option(default=False, help="Whether nothing is sent there.")

    def fetch(self, place: str, progress: Progress = SILENT) -> None:
        """Bring what has changed to this machine. Raises CoveyError."""
        dataset = self._dataset(place)
        if not dataset.remote_versions():
            raise CoveyError(f"There is no dataset {place} in {self.root}: check the spelling.")
        dataset.fetch(progress)

    def open(self, place: str) -> Dataset:
        """Return the copy on this machine. Raises CoveyError."""
        dataset = self._dataset(place)
        if not dataset.home.is_dir():
            raise CoveyError(f"{self.name}:{place} is not on this machine: fetch it first.")
        return dataset

    def create(self, place: str, images: Path) -> Dataset:
        """Return a dataset that remembers where its images are. Raises CoveyError."""
        dataset = self._dataset(place)
        dataset.fetch(SILENT)
        make_folder(dataset.home)
        dataset.point_to(images)
        return dataset

    def _dataset(self, place: str) -> BucketDataset:
        bucket, folder = (re.sub(r"[^\w-]+", "-", text).strip("-") for text in (self.root, place))
        home = user_data_folder() / "buckets" / bucket / folder
        return BucketDataset(home, f"{self.root}/{folder}", f"{self.name}:{place}", self.read_only)


@hookimpl
def covey_storages() -> Iterable[type[Storage]]:
    """Offer datasets in buckets."""
    yield Bucket
