"""Fetch a version of a dataset, whole or not at all."""

from __future__ import annotations

from covey import CoveyError
from covey.authoring import SILENT, Progress, make_folder
from covey_kaggle.client import call_with_retries, open_dataset_calls, sign_in
from covey_kaggle.download import Download
from covey_kaggle.local_copy import Slug
from covey_kaggle.sdk_types import KaggleApi, RemoteDataset, VersionRequest
from covey_kaggle.unpacking import unpack


def fetch_newest(slug: Slug, progress: Progress = SILENT) -> int:
    """Fetch the newest version unless it is on this machine; return its number.

    If Kaggle cannot be reached, the newest version on this machine is used, with a note.

    Raises:
        CoveyError: no version is on this machine and none can be fetched.
    """
    with slug.local_copy.lock():
        local_number = slug.local_copy.newest
        try:
            return _fetch_newest(slug, progress, retry=local_number is None)
        except CoveyError as error:
            if local_number is None:
                raise
            progress.note(f"{error} Version {local_number}, which was fetched before, is used.")
            return local_number


def describe_dataset(api: KaggleApi, slug: Slug, pauses_s: tuple[float, ...] | None = None) -> RemoteDataset:
    """Return Kaggle's description of a dataset.

    Args:
        api: the client.
        slug: the dataset.
        pauses_s: seconds before each retry; None for the usual ones.

    Raises:
        CoveyError: there is no such dataset, or the call failed.
    """
    from kagglesdk.datasets.types import dataset_api_service

    request: VersionRequest = dataset_api_service.ApiGetDatasetRequest()
    request.owner_slug, request.dataset_slug = slug.owner, slug.name

    def describe() -> RemoteDataset:
        with open_dataset_calls(api) as calls:
            return calls.get_dataset(request)

    return call_with_retries(describe, slug, pauses_s)


def _fetch_newest(slug: Slug, progress: Progress, retry: bool) -> int:
    api = sign_in()
    newest_number = int(describe_dataset(api, slug, None if retry else ()).current_version_number or 0)
    if newest_number < 1:
        raise CoveyError(f"{slug} has no version yet: wait until Kaggle has made it, then try again.")
    folder = slug.local_copy.version(newest_number)
    if not folder.is_dir():
        archive = make_folder(folder.parent) / f"{newest_number}.zip"
        Download(api, slug, newest_number, archive).run(progress)
        unpack(archive, folder, slug, progress)
        archive.unlink()
        for partial_archive in folder.parent.glob("*.part"):  # of older versions
            partial_archive.unlink()
    return newest_number
