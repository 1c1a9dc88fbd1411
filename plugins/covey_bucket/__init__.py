"""The storage `bucket`: datasets wherever fsspec reaches, each with a copy on this machine."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from covey import CoveyError, Dataset, Storage, component, hookimpl, option
from covey.authoring import SILENT, Progress, PublishOptions, make_folder
from covey_bucket.bucket_dataset import BucketDataset
from covey_bucket.remote_folder import RemoteFolder
from covey_bucket.send_dataset import send_dataset


@component
class Bucket(Storage):
    """A dataset in a bucket, or in another place with an address: bucket:s3://lab/birds."""

    name = "bucket"
    requires = {"fsspec": "covey[bucket]"}
    place_hint = "s3://lab/birds, or another address"

    root: str = option(default="", help="Address before locations that are none themselves, such as s3://lab.")
    read_only: bool = option(default=False, help="Whether nothing is sent: results and labels stay with you.")

    def fetch(self, place: str, progress: Progress = SILENT) -> None:
        """Bring what has changed to this machine; what was fetched before is used where that fails, with a note.

        Raises:
            CoveyError: there is no dataset, or it cannot be reached and was never fetched whole.
        """
        dataset = self._dataset(place)
        try:
            dataset.fetch(progress)
        except CoveyError as error:
            if not dataset.is_complete:
                raise
            progress.note(f"{error} What was fetched before is used.")

    def open(self, place: str) -> Dataset:
        """Return the dataset with its copy on this machine.

        Raises:
            CoveyError: it was not fetched yet.
        """
        dataset = self._dataset(place)
        if not dataset.home.is_dir():
            raise CoveyError(f"{dataset.location} is not on this machine: fetch it first.")
        return dataset

    def create(self, place: str, images: Path) -> Dataset:
        """Return the dataset, made if need be, with a pointer to its images.

        Raises:
            CoveyError: the place cannot be reached or written, or is only read.
        """
        self._refuse_read_only(place)
        dataset = self._dataset(place)
        dataset.fetch(SILENT, may_be_empty=True)
        make_folder(dataset.home)
        dataset.point_to(images)
        return dataset

    def publish(self, dataset: Dataset, place: str, options: PublishOptions, progress: Progress = SILENT) -> str:
        """Send the images, tables and metadata of a dataset, and return a sentence about it.

        Raises:
            CoveyError: there is nothing to send, or the place cannot be written or cannot do what the options ask.
        """
        self._refuse_read_only(place)
        if options != PublishOptions():
            raise CoveyError(
                "Who sees a bucket is set where it lies, it has no versions, and its layout is covey's: leave out"
                " public, message and original."
            )
        return send_dataset(dataset, self._remote(place), progress)

    def _refuse_read_only(self, place: str) -> None:
        if self.read_only:
            raise CoveyError(f"{self.name}:{place} is only read (option read_only): name another place.")

    def _dataset(self, place: str) -> BucketDataset:
        return BucketDataset(self._remote(place), f"{self.name}:{place}", self.read_only)

    def _remote(self, place: str) -> RemoteFolder:
        url = place if "://" in place else f"{self.root.rstrip('/')}/{place}"
        if "://" not in url:
            raise CoveyError(
                f"{place[:200]!r} is no address: write bucket:s3://…, or set the option root of the storage bucket."
            )
        return RemoteFolder.open(url.rstrip("/"))


@hookimpl
def covey_storages() -> Iterable[type[Storage]]:
    """Offer datasets in buckets."""
    yield Bucket
