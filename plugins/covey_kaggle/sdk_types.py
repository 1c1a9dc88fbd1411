"""Types for the parts of Kaggle's untyped client that covey uses: kaggle, kagglesdk and requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Protocol, Self


class RemoteDataset(Protocol):
    """A dataset as Kaggle describes it (kagglesdk's ApiDataset)."""

    @property
    def current_version_number(self) -> int | None:
        """The newest version, None or 0 while Kaggle is still making the first."""

    @property
    def description(self) -> str | None:
        """The text on its page."""

    @property
    def is_private(self) -> bool:
        """Whether only its owner and invited people can see it."""


class CreateResponse(Protocol):
    """The answer to a request for a new dataset or version."""

    @property
    def error(self) -> str | None:
        """Why it was refused."""

    @property
    def status(self) -> str | None:
        """A word such as "Ok" or "Error"."""


class UploadBody(Protocol):
    """The part of a request for a new dataset or version that lists the files."""

    files: list[object]
    subtitle: str
    description: str


class DatasetRequest(UploadBody, Protocol):
    """A request for a new dataset."""

    owner_slug: str
    slug: str
    title: str
    license_name: str
    is_private: bool


class VersionBody(UploadBody, Protocol):
    """The body of a request for a new version."""

    version_notes: str


class VersionRequest(Protocol):
    """A request that names a dataset; for a new version it also has a body."""

    owner_slug: str
    dataset_slug: str
    dataset_version_number: int
    body: VersionBody


class PreparedRequest(Protocol):
    """A request as requests sent it."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Its headers."""


class Response(Protocol):
    """A response of requests."""

    url: str

    @property
    def headers(self) -> Mapping[str, str]:
        """Its headers, found in any case."""

    @property
    def status_code(self) -> int:
        """The HTTP status."""

    @property
    def request(self) -> PreparedRequest:
        """The last request that led to it."""

    def __enter__(self) -> Self:
        """Begin to use it."""

    def __exit__(self, *exception: object) -> None:
        """Close it."""

    def close(self) -> None:
        """Close it."""

    def raise_for_status(self) -> None:
        """Raise an error of requests for statuses from 400 on."""

    def iter_content(self, chunk_size: int) -> Iterator[bytes]:
        """Yield the body as it comes."""


class DatasetCalls(Protocol):
    """The calls of Kaggle about datasets."""

    def get_dataset(self, request: VersionRequest) -> RemoteDataset:
        """Describe a dataset."""

    def download_dataset(self, request: VersionRequest) -> Response:
        """Begin the download of a version."""

    def create_dataset(self, request: DatasetRequest) -> CreateResponse:
        """Make a dataset."""

    def create_dataset_version(self, request: VersionRequest) -> CreateResponse:
        """Make a version."""


class Session(Protocol):
    """A session of requests."""

    def mount(self, prefix: str, adapter: object) -> None:
        """Use an adapter for all addresses that begin with `prefix`."""


class HttpClient(Protocol):
    """What sends the calls."""

    _session: Session


class DatasetService(Protocol):
    """The calls about datasets, grouped as in kagglesdk."""

    dataset_api_client: DatasetCalls


class SdkClient(Protocol):
    """Kaggle's SDK while it is open."""

    datasets: DatasetService

    def http_client(self) -> HttpClient:
        """Return what sends the calls."""


class KaggleApi(Protocol):
    """Kaggle's client."""

    def authenticate(self) -> None:
        """Sign in."""

    def build_kaggle_client(self) -> AbstractContextManager[SdkClient]:
        """Open the SDK."""

    def upload_files(
        self, request: UploadBody, resources: None, folder: str, blob_type: object, upload_context: object, quiet: bool
    ) -> None:
        """Send all files in a folder and list them in the request."""


class Upload(Protocol):
    """The upload of one file."""

    upload_complete: bool

    def cleanup(self) -> None:
        """Forget it."""
