"""What is kept on this machine for each dataset on Kaggle."""

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
class Shelf:
    """The folder of one dataset: its versions as they were fetched, what was made of it here, and what is sent."""

    folder: Path

    @property
    def own(self) -> Path:
        """For what is computed from the dataset, until it is pushed."""
        return self.folder / "own"

    @property
    def upload(self) -> Path:
        """For what is being sent."""
        return self.folder / "upload"

    @property
    def pushed(self) -> Path:
        """The file that remembers what was pushed last."""
        return self.folder / "pushed.json"

    def version(self, number: int) -> Path:
        """The folder of a version; it is there once the version is whole."""
        return self.folder / "versions" / str(number)

    @property
    def newest(self) -> int | None:
        """The newest version that is here."""
        numbers = [int(path.name) for path in self.folder.glob("versions/*") if path.name.isdecimal()]
        return max(numbers, default=None)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until no other program fetches or pushes this dataset, and keep it so. Raises CoveyError."""
        from filelock import FileLock

        lock = FileLock(make_folder(self.folder) / "lock")
        try:
            lock.acquire()
        except (OSError, NotImplementedError) as error:
            problem = f"{self.folder} cannot be written ({reason(error)})"
            raise CoveyError(f"{problem}: let the environment variable COVEY_HOME name another folder.") from error
        try:
            yield
        finally:
            lock.release()


@attrs.frozen
class Slug:
    """What a dataset is called on Kaggle."""

    owner: str
    name: str

    @classmethod
    def parse(cls, place: str) -> Slug:
        """Read "owner/name". Raises CoveyError."""
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
    def shelf(self) -> Shelf:
        """Where it is kept on this machine."""
        return Shelf(user_data_folder() / "kaggle" / self.owner / self.name)
