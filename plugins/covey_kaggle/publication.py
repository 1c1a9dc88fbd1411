"""Publish a dataset on Kaggle: as a new dataset, or as a new version of one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol, Self

import attrs

from covey import CoveyError, Dataset
from covey.authoring import (
    Metadata,
    Progress,
    PublishOptions,
    Step,
    check_derivatives,
    preview,
    read_metadata,
    write_text,
)
from covey_kaggle.client import call_with_retries, http_status, open_dataset_calls, sign_in, silence_output
from covey_kaggle.credits import common_licence
from covey_kaggle.fetch_version import describe_dataset
from covey_kaggle.local_copy import LocalCopy, Slug
from covey_kaggle.page_text import describe_contents, is_generated, subtitle
from covey_kaggle.sdk_types import (
    CreateResponse,
    DatasetCalls,
    DatasetRequest,
    KaggleApi,
    RemoteDataset,
    Upload,
    UploadBody,
    VersionRequest,
)
from covey_kaggle.upload_folder import hash_files, lay_out_files

_MISSING = (403, 404)
"""The statuses of Kaggle's answer for a dataset that does not exist."""


def publish_dataset(dataset: Dataset, slug: Slug, options: PublishOptions, progress: Progress) -> str:
    """Send the files of a dataset unless Kaggle has them already; return a sentence that says what was done.

    Args:
        dataset: what to send.
        slug: the dataset on Kaggle; it is made if it does not exist.
        options: visibility, message of the version, and layout.
        progress: reports progress.

    Raises:
        CoveyError: the name or a licence does not allow it, there is nothing to send, or sending failed.
    """
    if not (6 <= len(slug.name) <= 50):
        raise CoveyError(f"{slug.name!r} cannot be the name of a dataset on Kaggle: use 6 to 50 characters.")
    if dataset.images is None and not dataset.entries():
        raise CoveyError(f"There is nothing to push in {dataset.location}: it holds neither images nor tables.")
    local_copy = slug.local_copy
    with local_copy.lock():
        api = sign_in()
        remote, metadata = _find_remote(api, slug), read_metadata(dataset)
        if dataset.images and not _is_private(remote, options):
            check_derivatives(dataset.images.names(), metadata)
        with lay_out_files(dataset, metadata, local_copy.upload, options.original, progress):
            digests = hash_files(local_copy.upload, progress)
            if remote is not None and _is_already_sent(local_copy, digests, _version_number(remote)):
                return f"{slug} holds all of this already: nothing was sent."
            push_request = _build_order(dataset, metadata, slug, options, remote)
            _upload(api, local_copy.upload, push_request.body, progress)
            _create(api, slug, push_request)
        last_push = {"version": _version_number(remote) + 1, "files": digests}
        write_text(local_copy.last_push, json.dumps(last_push, indent=2))
    return _describe_push(slug, remote, digests, options)


def _find_remote(api: KaggleApi, slug: Slug) -> RemoteDataset | None:
    """Return Kaggle's description of the dataset, None if it does not exist."""
    try:
        return describe_dataset(api, slug)
    except CoveyError as error:
        if error.__cause__ is not None and http_status(error.__cause__) in _MISSING:
            return None
        raise


def _is_private(remote: RemoteDataset | None, options: PublishOptions) -> bool:
    return remote.is_private if remote is not None else not options.public


def _version_number(remote: RemoteDataset | None) -> int:
    return int(remote.current_version_number or 0) if remote is not None else 0


def _is_already_sent(local_copy: LocalCopy, digests: Mapping[str, str], remote_version: int) -> bool:
    """Return whether the last push sent these files and nobody has pushed since.

    Kaggle takes a while to make a version: its number may still be the previous one.
    """
    try:
        last_push: dict[str, object] = json.loads(local_copy.last_push.read_text("utf-8"))
        pushed_version = last_push["version"]
        return last_push["files"] == digests and isinstance(pushed_version, int) and remote_version <= pushed_version
    except (OSError, ValueError, KeyError, TypeError):
        return False


@attrs.frozen
class Order:
    """A request for a new dataset or version: the part that lists the files, and how to send it."""

    body: UploadBody
    send: Callable[[DatasetCalls], CreateResponse]


def _build_order(
    dataset: Dataset, metadata: Metadata, slug: Slug, options: PublishOptions, remote: RemoteDataset | None
) -> Order:
    """Return the request; a description that a person wrote on the page is not replaced."""
    if remote is None:
        push_request = _order_dataset(slug, options, common_licence(metadata))
    else:
        push_request = _order_version(slug, options.message or subtitle(dataset))
    push_request.body.files = []
    if remote is None or is_generated(remote.description or ""):
        push_request.body.subtitle = subtitle(dataset)
        push_request.body.description = describe_contents(dataset, metadata, slug)
    return push_request


def _order_dataset(slug: Slug, options: PublishOptions, licence: str) -> Order:
    from kagglesdk.datasets.types import dataset_api_service

    request: DatasetRequest = dataset_api_service.ApiCreateDatasetRequest()
    request.owner_slug, request.slug = slug.owner, slug.name
    request.title = slug.name.replace("-", " ").capitalize()
    request.is_private = not options.public
    request.license_name = licence
    return Order(request, lambda calls: calls.create_dataset(request))


def _order_version(slug: Slug, message: str) -> Order:
    from kagglesdk.datasets.types import dataset_api_service

    request: VersionRequest = dataset_api_service.ApiCreateDatasetVersionRequest()
    request.owner_slug, request.dataset_slug = slug.owner, slug.name
    request.body = dataset_api_service.ApiCreateDatasetVersionRequestBody()
    request.body.version_notes = message
    return Order(request.body, lambda calls: calls.create_dataset_version(request))


def _upload(api: KaggleApi, folder: Path, body: UploadBody, progress: Progress) -> None:
    """Send the files in a folder and list them in `body`; a file that arrived is not sent a second time."""
    from kagglesdk.blobs.types import blob_api_service

    blob_type: object = blob_api_service.ApiBlobType.DATASET
    file_names = sorted(path.name for path in folder.iterdir())
    with progress.step("Sending to Kaggle", len(file_names), "file") as step, _open_upload_context(step) as context:
        with silence_output(), suppress(ValueError):  # since 2.2.5 the client stops at a refused file
            api.upload_files(body, None, str(folder), blob_type, context, quiet=True)
        if len(body.files) < len(file_names):
            context.forget_incomplete()
            balance = f"{len(body.files)} of {len(file_names)} files"
            raise CoveyError(f"Kaggle took only {balance}, so no version was made: run the same command again.")


class _UploadContext(Protocol):
    """The memory of uploads that Kaggle's client keeps, with the addition made here."""

    def __enter__(self) -> Self:
        """Begin to remember."""

    def __exit__(self, *exception: object) -> None:
        """Forget the uploads, unless an exception ended the block: then they are resumed next time."""

    def forget_incomplete(self) -> None:
        """Forget uploads that did not end."""


def _open_upload_context(step: Step) -> _UploadContext:
    """Return the client's memory of uploads, extended to report each file to `step`."""
    from kaggle.api.kaggle_api_extended import ResumableUploadContext

    class Uploads(ResumableUploadContext):  # type: ignore[misc]
        """Reports each file when its upload begins."""

        def __init__(self) -> None:
            super().__init__()
            self.uploads: list[Upload] = []

        def new_resumable_file_upload(self, path: str, request: object) -> Upload:
            """Begin or resume the upload of a file."""
            step.say(Path(path).name)
            step.advance()
            upload: Upload = super().new_resumable_file_upload(path, request)
            self.uploads.append(upload)
            return upload

        def forget_incomplete(self) -> None:
            """Start anew next time with files that Kaggle refused: their upload may have expired."""
            for upload in self.uploads:
                if not upload.upload_complete:
                    upload.cleanup()

    return Uploads()


def _create(api: KaggleApi, slug: Slug, push_request: Order) -> None:
    """Ask Kaggle for the dataset or version. Never retried, so that it is not made twice."""

    def send() -> CreateResponse:
        with open_dataset_calls(api) as dataset_client:
            return push_request.send(dataset_client)

    response = call_with_retries(send, slug, ())
    if response.error or (response.status or "").lower() == "error":
        raise CoveyError(f"Kaggle refused {slug}: {(response.error or 'it gave no reason')[:300]}")


def _describe_push(
    slug: Slug, remote: RemoteDataset | None, file_names: Mapping[str, str], options: PublishOptions
) -> str:
    is_private = _is_private(remote, options)
    event = "has a new version" if remote is not None else "was created"
    visibility = "only you and those you share it with can see it" if is_private else "everybody can see it"
    advice = " (make it public on its page)" if is_private and options.public else ""
    return f"{slug} {event}, {visibility}{advice}: {preview(sorted(file_names))}. Soon it will be at {slug.page}"
