"""A dataset in a bucket: a copy on this machine that follows it, and sends what covey changes."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from covey import CoveyError
from covey.authoring import (
    FolderDataset,
    Progress,
    check_room,
    count_noun,
    hash_file,
    is_allowed_name,
    is_portable_name,
    make_folder,
    preview,
    replace_file,
    user_data_folder,
)
from covey_bucket.remote_folder import RemoteFile, RemoteFolder, split_names
from covey_bucket.synced_files import NEVER, Synced, SyncedFiles


class BucketDataset(FolderDataset):
    """The copy of a dataset; every file that covey writes in it is sent, unless the bucket is only read."""

    def __init__(self, remote: RemoteFolder, location: str, read_only: bool) -> None:
        super().__init__(_copy_folder(remote.url), location)
        self._remote = remote
        self._read_only = read_only
        self._synced = SyncedFiles(self.home / ".covey" / "synced.sqlite")

    @property
    def writable(self) -> bool:
        """Whether files can be sent, as far as the option says, and written on this machine."""
        return not self._read_only and super().writable

    @property
    def is_complete(self) -> bool:
        """Whether the whole dataset was fetched once."""
        return self._synced.is_complete

    def keep(self, path: Path) -> None:
        """Send a file.

        Raises:
            CoveyError: somebody else has changed it there, or it cannot be sent; the file here stays as it is.
        """
        name = path.relative_to(self.home).as_posix()
        self._synced.mark_unsent(name)
        remote_file = self._remote.describe(name)
        if remote_file and remote_file.version != self._synced.of(name).version:
            raise CoveyError(
                f"{name} was changed by somebody else in {self._remote.url}: yours stays in {path}. Delete one of the"
                " two; the other one is used from then on."
            )
        content = hash_file(path)
        self._remote.put([path], [name])
        sent_file = self._remote.describe(name)
        if sent_file is not None:
            self._synced.record({name: Synced(sent_file.version, content)})

    def fetch(self, progress: Progress, may_be_empty: bool = False) -> None:
        """Fetch what has changed there, and send what could not be sent before.

        A file that was changed in both places stays here as it is.

        Raises:
            CoveyError: there is no dataset (unless `may_be_empty`), or it cannot be fetched.
        """
        with progress.step(f"Looking at {self._remote.url}", 0, "file"):
            files = self._remote.list_files()
        if not files and not may_be_empty:
            raise CoveyError(f"There is no dataset in {self._remote.url}: check the spelling.")
        if names := self._list_changed(files, progress):
            self._fetch_files(names, files, progress)
        self._synced.mark_complete()
        self._send_unsent(progress)

    def _fetch_files(self, names: Sequence[str], files: Mapping[str, RemoteFile], progress: Progress) -> None:
        check_room(sum(files[name].size for name in names), make_folder(self.home), self.location)
        with progress.step(f"Fetching {self.location}", len(names), "file") as step:
            for batch in split_names(names):
                self._fetch_batch(batch, files)
                step.advance(len(batch))

    def _list_changed(self, files: Mapping[str, RemoteFile], progress: Progress) -> list[str]:
        refused_names = [name for name in files if not (is_portable_name(name) and is_allowed_name(name))]
        if refused_names:
            count, examples = count_noun(len(refused_names), "file"), preview(refused_names)
            progress.note(f"{count} left out, hidden or with names that not every system allows: {examples}")
        synced = self._synced.by_name()
        return [
            name
            for name in sorted(files.keys() - set(refused_names))
            if files[name].version != synced.get(name, NEVER).version or not (self.home / name).exists()
        ]

    def _fetch_batch(self, names: Sequence[str], files: Mapping[str, RemoteFile]) -> None:
        """Fetch files to the side, and put each in its place once all have arrived."""
        with tempfile.TemporaryDirectory(dir=make_folder(self._synced.path.parent)) as folder:
            paths = {name: Path(folder, str(number)) for number, name in enumerate(names)}
            self._remote.get(names, list(paths.values()))
            contents = {name: hash_file(path) for name, path in paths.items()}
            replaceable_names = [name for name in names if self._may_replace(name, contents[name])]
            for name in replaceable_names:
                _put_in_place(paths[name], self.home / name)
        self._synced.record({name: Synced(files[name].version, contents[name]) for name in replaceable_names})

    def _may_replace(self, name: str, content: str) -> bool:
        """Whether a fetched file loses nothing that was changed here."""
        path = self.home / name
        return not path.exists() or hash_file(path) in (self._synced.of(name).content, content)

    def _send_unsent(self, progress: Progress) -> None:
        for name in [] if self._read_only else self._synced.unsent():
            if (self.home / name).exists():
                try:
                    self.keep(self.home / name)
                except CoveyError as error:
                    progress.note(str(error))


def _put_in_place(fetched_path: Path, path: Path) -> None:
    make_folder(path.parent)
    with fetched_path.open("rb") as source, replace_file(path, durable=False) as file:
        shutil.copyfileobj(source, file)


def _copy_folder(url: str) -> Path:
    """Return the folder of the copy: readable, and another one for each address."""
    readable = re.sub(r"[^\w-]+", "-", url).strip("-")[:60]
    return user_data_folder() / "buckets" / f"{readable}~{hashlib.sha256(url.encode()).hexdigest()[:8]}"
