"""The storage `kaggle`: datasets on Kaggle, kept on this machine once fetched, and published from it."""

from __future__ import annotations

from collections.abc import Iterable

from covey import Dataset, Storage, component, hookimpl
from covey.authoring import SILENT, Progress, PublishOptions
from covey_kaggle.dataset import open_version
from covey_kaggle.fetch_version import fetched
from covey_kaggle.local_copy import Slug
from covey_kaggle.publication import published


@component
class Kaggle(Storage):
    """A dataset on Kaggle, as owner/name; fetched once, then used from this machine."""

    name = "kaggle"
    requires = {"kaggle": "covey[kaggle]", "six": "covey[kaggle]"}

    def fetch(self, place: str, progress: Progress = SILENT) -> None:
        """Bring the newest version to this machine. Raises CoveyError when there is no version to work with."""
        fetched(Slug.parse(place), progress)

    def open(self, place: str) -> Dataset:
        """Return the newest version on this machine, fetched if there is none. Raises CoveyError."""
        slug = Slug.parse(place)
        return open_version(slug, slug.shelf.newest or fetched(slug))

    def publish(self, dataset: Dataset, place: str, options: PublishOptions, progress: Progress = SILENT) -> str:
        """Make a new dataset, or a new version of one, and return what was done. Raises CoveyError."""
        return published(dataset, Slug.parse(place), options, progress)


@hookimpl
def covey_storages() -> Iterable[type[Storage]]:
    """Offer datasets on Kaggle."""
    yield Kaggle
