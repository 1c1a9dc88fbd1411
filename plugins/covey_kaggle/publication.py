"""A dataset goes to Kaggle: as a new dataset, or as a new version of one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import attrs

from covey import CoveyError, Dataset
from covey.authoring import Metadata, Progress, PublishOptions, Step, preview, read_metadata, write_text
from covey_kaggle.client import client, patiently, quiet, service, status
from covey_kaggle.credits import licence
from covey_kaggle.fetch_version import described
from covey_kaggle.local_copy import Shelf, Slug
from covey_kaggle.page_text import description, is_generated, subtitle
from covey_kaggle.upload_folder import digests, staged

_MISSING = (403, 404)
"""What Kaggle answers over a dataset that does not exist."""


def published(dataset: Dataset, slug: Slug, options: PublishOptions, progress: Progress) -> str:
    """Send what a dataset holds, unless it has been sent; return what was done, in a sentence. Raises CoveyError."""
    if not (6 <= len(slug.name) <= 50):
        raise CoveyError(f"{slug.name!r} cannot be the name of a dataset on Kaggle: it takes 6 to 50 characters.")
    if dataset.images is None and not dataset.entries():
        raise CoveyError(f"There is nothing to push in {dataset.location}: it holds neither images nor tables.")
    with slug.shelf.alone():
        api = client()
        there, table = _there(api, slug), read_metadata(dataset)
        with staged(dataset, table, slug.shelf.upload, options.original, progress):
            files = digests(slug.shelf.upload, progress)
            if there is not None and _is_same(slug.shelf, files, _number(there)):
                return f"{slug} holds all of this already: nothing was sent."
            order = _order(dataset, table, slug, options, there)
            _upload(api, slug.shelf.upload, order.body, progress)
            _create(api, slug, order)
        sent = {"version": _number(there) + 1, "files": files}
        write_text(slug.shelf.pushed, json.dumps(sent, indent=2))
    return _sentence(slug, there, files, options)


def _there(api: Any, slug: Slug) -> Any | None:
    """Return what Kaggle says of the dataset, None where there is none."""
    try:
        return described(api, slug)
    except CoveyError as error:
        if error.__cause__ is not None and status(error.__cause__) in _MISSING:
            return None
        raise


def _number(there: Any | None) -> int:
    return int(there.current_version_number or 0) if there is not None else 0


def _is_same(shelf: Shelf, files: Mapping[str, str], number: int) -> bool:
    """Say whether the last push sent these files, and nobody has pushed since.

    Kaggle takes a while to make a version: its number may still be the one before.
    """
    try:
        before = json.loads(shelf.pushed.read_text("utf-8"))
        return bool(before["files"] == files and number <= before["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


@attrs.frozen
class Order:
    """What Kaggle is asked to make: the call, the request, and the part of it that lists the files."""

    call: str
    request: Any
    body: Any


def _order(dataset: Dataset, table: Metadata, slug: Slug, options: PublishOptions, there: Any | None) -> Order:
    """Return the order for a new dataset or version; a description that a person wrote on the page is left."""
    order = _dataset(slug, options) if there is None else _version(slug, options.message or subtitle(dataset))
    order.body.files = []
    if there is None:
        order.body.license_name = licence(table)
    if there is None or is_generated(there.description or ""):
        order.body.subtitle, order.body.description = subtitle(dataset), description(dataset, table, slug)
    return order


def _dataset(slug: Slug, options: PublishOptions) -> Order:
    from kagglesdk.datasets.types.dataset_api_service import ApiCreateDatasetRequest

    request = ApiCreateDatasetRequest()
    request.owner_slug, request.slug = slug.owner, slug.name
    request.title = slug.name.replace("-", " ").capitalize()
    request.is_private = not options.public
    return Order("create_dataset", request, request)


def _version(slug: Slug, message: str) -> Order:
    from kagglesdk.datasets.types.dataset_api_service import (
        ApiCreateDatasetVersionRequest,
        ApiCreateDatasetVersionRequestBody,
    )

    request = ApiCreateDatasetVersionRequest()
    request.owner_slug, request.dataset_slug = slug.owner, slug.name
    request.body = ApiCreateDatasetVersionRequestBody()
    request.body.version_notes = message
    return Order("create_dataset_version", request, request.body)


def _upload(api: Any, folder: Path, body: Any, progress: Progress) -> None:
    """Send the files, and write what Kaggle calls them into `body`. What went through is not sent a second time."""
    from kagglesdk.blobs.types.blob_api_service import ApiBlobType

    names = sorted(path.name for path in folder.iterdir())
    with progress.step("Sending to Kaggle", len(names), "file") as step, _told_uploads(step) as context:
        with quiet(), suppress(ValueError):  # from 2.2.5 on the client stops at a file that Kaggle refuses
            api.upload_files(body, None, str(folder), ApiBlobType.DATASET, context, quiet=True)
        if len(body.files) < len(names):
            context.forget()
            sent = f"{len(body.files)} of {len(names)} files"
            raise CoveyError(f"Kaggle took only {sent}, so no version was made: run the same command again.")


def _told_uploads(step: Step) -> Any:
    """Return the client's memory of uploads, which here also says what is being sent."""
    from kaggle.api.kaggle_api_extended import ResumableUploadContext

    class Uploads(ResumableUploadContext):  # type: ignore[misc]
        """Tells of each file as it comes."""

        def __init__(self) -> None:
            super().__init__()
            self.uploads: list[Any] = []

        def new_resumable_file_upload(self, path: str, request: Any) -> Any:
            """Begin, or take up, the upload of a file."""
            step.say(Path(path).name)
            step.advance()
            self.uploads.append(super().new_resumable_file_upload(path, request))
            return self.uploads[-1]

        def forget(self) -> None:
            """Begin anew next time with what Kaggle refused: its upload may have expired."""
            for upload in self.uploads:
                if not upload.upload_complete:
                    upload.cleanup()

    return Uploads()


def _create(api: Any, slug: Slug, order: Order) -> None:
    """Let Kaggle make the dataset or version. Not tried again by itself, so that it is never made twice."""

    def ask() -> Any:
        with service(api) as calls:
            return getattr(calls, order.call)(order.request)

    response = patiently(ask, slug, ())
    if response.error or (response.status or "").lower() == "error":
        raise CoveyError(f"Kaggle did not take {slug}: {(response.error or 'it gave no reason')[:300]}")


def _sentence(slug: Slug, there: Any | None, names: Mapping[str, str], options: PublishOptions) -> str:
    private = there.is_private if there is not None else not options.public
    event = "has a new version" if there is not None else "is made"
    visibility = "only you and those you share it with can see it" if private else "everybody can see it"
    still = " (make it public on its page)" if private and options.public else ""
    return f"{slug} {event}, {visibility}{still}: {preview(sorted(names))}. In a while it is at {slug.page}"
