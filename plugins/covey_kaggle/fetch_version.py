"""A version of a dataset comes to this machine, whole or not at all."""

from __future__ import annotations

from typing import Any

from covey import CoveyError
from covey.authoring import SILENT, Progress, make_folder
from covey_kaggle.client import client, patiently, service
from covey_kaggle.download import Download
from covey_kaggle.local_copy import Slug
from covey_kaggle.unpacking import unpack


def fetched(slug: Slug, progress: Progress = SILENT) -> int:
    """Return the version to work with: the newest one, fetched if need be, or one that is here if it cannot be had.

    Raises:
        CoveyError: no version is here, and none can be fetched.
    """
    with slug.shelf.alone():
        here = slug.shelf.newest
        try:
            return _newest(slug, progress, hurried=here is not None)
        except CoveyError as error:
            if here is None:
                raise
            progress.note(f"{error} Version {here}, which was fetched before, is used.")
            return here


def described(api: Any, slug: Slug, pauses: tuple[float, ...] | None = None) -> Any:
    """Return what Kaggle says of a dataset (kagglesdk's ApiDataset). Raises CoveyError."""
    from kagglesdk.datasets.types.dataset_api_service import ApiGetDatasetRequest

    request = ApiGetDatasetRequest()
    request.owner_slug, request.dataset_slug = slug.owner, slug.name

    def ask() -> Any:
        with service(api) as calls:
            return calls.get_dataset(request)

    return patiently(ask, slug, pauses)


def _newest(slug: Slug, progress: Progress, hurried: bool) -> int:
    api = client()
    number = int(described(api, slug, () if hurried else None).current_version_number or 0)
    if number < 1:
        raise CoveyError(f"{slug} has no version yet: wait until Kaggle has made it, and try again.")
    folder = slug.shelf.version(number)
    if not folder.is_dir():
        archive = make_folder(folder.parent) / f"{number}.zip"
        Download(api, slug, number, archive).run(progress)
        unpack(archive, folder, slug, progress)
        archive.unlink()
        for partial in folder.parent.glob("*.part"):  # of versions that are no longer wanted
            partial.unlink()
    return number
