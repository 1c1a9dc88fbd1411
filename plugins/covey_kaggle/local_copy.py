"""The folder on this machine that belongs to a dataset on Kaggle."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from covey import CoveyError
from covey.authoring import make_folder, reason, user_data_folder

_SLUG = re.compile(r"(?P<owner>[A-Za-z0-9][A-Za-z0-9_-]{0,99})/(?P<name>[A-Za-z0-9][A-Za-z0-9_-]{0,99})")


@attrs.frozen
class LocalCopy:
    """The folder of one dataset: fetched versions, results computed here, and files being sent."""

    folder: Path

    @property
    def results(self) -> Path:
        """The folder for tables and labels made on this machine, until they are pushed."""
        return self.folder / "own"

    @property
    def upload(self) -> Path:
        """The folder for files while they are sent."""
        return self.folder / "upload"

    @property
    def last_push(self) -> Path:
        """The file with the number and the file digests of the last push."""
        return self.folder / "pushed.json"

    def version(self, number: int) -> Path:
        """Return the folder of a version; it exists once the version is complete."""
        return self.folder / "versions" / str(number)

    @property
    def newest(self) -> int | None:
        """The newest version on this machine, None if there is none."""
        numbers = [int(path.name) for path in self.folder.glob("versions/*") if path.name.isdecimal()]
        return max(numbers, default=None)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Wait until no other program fetches or pushes this dataset, and lock it.

        Raises:
            CoveyError: the folder cannot be written.
        """
        from filelock import FileLock

        file_lock = FileLock(make_folder(self.folder) / "lock")
        try:
            file_lock.acquire()
        except (OSError, NotImplementedError) as error:
            problem = f"{self.folder} cannot be written ({reason(error)})"
            raise CoveyError(f"{problem}: set the environment variable COVEY_HOME to another folder.") from error
        try:
            yield
        finally:
            file_lock.release()


@attrs.frozen
class Slug:
    """The name of a dataset on Kaggle: its owner and its own name, in lower case."""

    owner: str
    name: str

    @classmethod
    def parse(cls, place: str) -> Slug:
        """Read "owner/name".

        Raises:
            CoveyError: `place` is no such name.
        """
        match = _SLUG.fullmatch(place)
        if match is None:
            raise CoveyError(
                f"{place[:200]!r} is no dataset on Kaggle: write kaggle:owner/name, as in the address of its page."
            )
        return cls(match["owner"].lower(), match["name"].lower())

    def __str__(self) -> str:
        return f"kaggle:{self.owner}/{self.name}"

    @property
    def page(self) -> str:
        """The address of its page."""
        return f"https://www.kaggle.com/datasets/{self.owner}/{self.name}"

    @property
    def local_copy(self) -> LocalCopy:
        """Its folder on this machine."""
        return LocalCopy(user_data_folder() / "kaggle" / self.owner / self.name)
