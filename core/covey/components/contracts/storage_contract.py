"""The contract of storages."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import attrs

from covey._base.errors import CoveyError
from covey._base.progress import SILENT, Progress
from covey.components.contracts.component_contract import Component

if TYPE_CHECKING:
    from covey.data.dataset import Dataset


@attrs.frozen(kw_only=True)
class PublishOptions:
    """How to publish a dataset.

    Attributes:
        public: whether everybody can see it.
        message: description of the new version; "" generates one.
        original: whether it is laid out as the frontend of the original tools opens it.
    """

    public: bool = False
    message: str = ""
    original: bool = False


class Storage(Component):
    """Opens, creates and publishes datasets. Its name is the scheme of its locations: `name:place`."""

    token_hint: ClassVar[str] = ""
    """Sentence that says where people get the token that its service asks for; "" if it asks for none."""

    place_hint: ClassVar[str] = ""
    """What a place looks like, shown where people type one, such as "owner/name"; "" if that is plain."""

    @classmethod
    def store_token(cls, secret: str) -> None:
        """Keep a token where the client of the service looks for it, in a file that only this user can read.

        Raises:
            CoveyError: it takes none, or the file cannot be written.
        """
        raise CoveyError(f"{cls.name} takes no token.")

    def fetch(self, place: str, progress: Progress = SILENT) -> None:
        """Download or update the dataset at `place`. The default does nothing: the dataset is on this machine.

        Raises:
            CoveyError: it is not on this machine and cannot be downloaded.
        """
        return

    @abstractmethod
    def open(self, place: str) -> Dataset:
        """Open the dataset at `place`, a location without its scheme; after `fetch` this needs no network.

        Raises:
            CoveyError: the place does not exist or cannot be reached.
        """

    def create(self, place: str, images: Path) -> Dataset:
        """Open the dataset at `place`, created if it does not exist, and store in it where its images are.

        Raises:
            CoveyError: the storage creates no datasets, or `place` cannot be written.
        """
        raise CoveyError(f"{self.name} cannot make a dataset at {place!r}: name a folder for the results.")

    def publish(self, dataset: Dataset, place: str, options: PublishOptions, progress: Progress = SILENT) -> str:
        """Publish a dataset at `place`.

        Args:
            dataset: what to publish.
            place: location without its scheme.
            options: how to publish it.
            progress: reports how far the upload is.

        Returns:
            What was published, in one sentence.

        Raises:
            CoveyError: the storage publishes nothing, `place` cannot be written, or the dataset is empty.
        """
        raise CoveyError(f"{self.name} publishes nothing: name a place such as kaggle:owner/name.")
