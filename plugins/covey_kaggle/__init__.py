"""The storage `kaggle`: datasets on Kaggle, fetched to this machine once, and published from it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from covey import CoveyError, Dataset, Storage, component, hookimpl
from covey.authoring import SILENT, Progress, PublishOptions, make_folder, reason
from covey_kaggle.dataset import open_version
from covey_kaggle.fetch_version import fetch_newest
from covey_kaggle.local_copy import Slug
from covey_kaggle.publication import publish_dataset


@component
class Kaggle(Storage):
    """A dataset on Kaggle, as owner/name; fetched once, then used from this machine."""

    name = "kaggle"
    requires = {"kaggle": "covey[kaggle]", "six": "covey[kaggle]"}

    place_hint = "owner/name, as in the address of its page"
    token_hint = "Kaggle asks who you are: log in at kaggle.com, go to Settings, then API, and make a new token."

    @classmethod
    def store_token(cls, secret: str) -> None:
        """Keep a token where Kaggle's client looks for it.

        Raises:
            CoveyError: it is none, or the file cannot be written.
        """
        if not secret or not secret.isprintable() or " " in secret:
            raise CoveyError("A token of Kaggle has no blanks: copy it again.")
        path = make_folder(Path.home() / ".kaggle") / "access_token"
        try:
            path.touch(mode=0o600)
            path.chmod(0o600)
            path.write_text(secret, "utf-8")
        except OSError as error:
            raise CoveyError(f"{path} cannot be written ({reason(error)}): check its permissions.") from error

    def fetch(self, place: str, progress: Progress = SILENT) -> None:
        """Bring the newest version to this machine.

        Raises:
            CoveyError: no version is on this machine and none can be fetched.
        """
        fetch_newest(Slug.parse(place), progress)

    def open(self, place: str) -> Dataset:
        """Return the newest version on this machine; without any, fetch the newest one.

        Raises:
            CoveyError: there is no version, or it holds neither images nor tables.
        """
        slug = Slug.parse(place)
        return open_version(slug, slug.local_copy.newest or fetch_newest(slug))

    def publish(self, dataset: Dataset, place: str, options: PublishOptions, progress: Progress = SILENT) -> str:
        """Make a new dataset, or a new version of one, and return a sentence about it.

        Raises:
            CoveyError: there is nothing to publish, or Kaggle refuses it.
        """
        return publish_dataset(dataset, Slug.parse(place), options, progress)


@hookimpl
def covey_storages() -> Iterable[type[Storage]]:
    """Offer datasets on Kaggle."""
    yield Kaggle
