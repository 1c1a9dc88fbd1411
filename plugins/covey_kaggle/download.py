"""Download the archive of a version: resume where the last attempt ended, and compare Kaggle's checksum."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

import attrs

from covey import CoveyError
from covey.authoring import Progress, Step
from covey_kaggle.client import READ_TIMEOUT_S, call_with_retries, open_dataset_calls
from covey_kaggle.local_copy import Slug
from covey_kaggle.sdk_types import KaggleApi, Response, VersionRequest

CHUNK = 1 << 16
"""Bytes that are written at once, and the most that is lost when a connection breaks."""
_MEGABYTE = 1_000_000


@attrs.frozen
class ArchiveSource:
    """Where an archive lies and what is known about it.

    Attributes:
        url: its address, valid for a while.
        headers: to send with the request.
        size: in bytes, 0 if unknown.
        md5: in base64, "" if unknown.
    """

    url: str
    headers: dict[str, str]
    size: int
    md5: str


@attrs.frozen
class Download:
    """The download of one version to `archive`; a partial download lies in a file beside it and is resumed."""

    api: KaggleApi
    slug: Slug
    version: int
    archive: Path

    def run(self, progress: Progress) -> None:
        """Download the archive unless it is there.

        Raises:
            CoveyError: the download failed; the part that came is resumed next time, unless it is damaged.
        """
        if self.archive.is_file():
            return
        source = call_with_retries(self._locate, self.slug)
        megabytes = -(-source.size // _MEGABYTE)
        with progress.step(f"Fetching {self.slug}, version {self.version}", megabytes, "MB") as step:
            step.advance(self._received() // _MEGABYTE)
            self._download_all(step)
        self._check_md5(source)
        self._part.replace(self.archive)

    @property
    def _part(self) -> Path:
        return self.archive.with_suffix(".part")

    def _received(self) -> int:
        """Return the bytes downloaded so far."""
        return self._part.stat().st_size if self._part.is_file() else 0

    def _download_all(self, step: Step) -> None:
        """Resume until the archive is complete; give up only if an attempt brings no new bytes."""
        while True:
            received_before = self._received()
            try:
                return call_with_retries(lambda: self._resume(step), self.slug)
            except CoveyError:
                if self._received() <= received_before:
                    raise

    def _locate(self) -> ArchiveSource:
        """Ask Kaggle where the archive lies; it answers with a redirection."""
        from kagglesdk.datasets.types import dataset_api_service

        request: VersionRequest = dataset_api_service.ApiDownloadDatasetRequest()
        request.owner_slug, request.dataset_slug = self.slug.owner, self.slug.name
        request.dataset_version_number = self.version
        with open_dataset_calls(self.api) as calls:
            response = calls.download_dataset(request)
            response.close()
        size = int(response.headers.get("Content-Length") or 0)
        return ArchiveSource(response.url, dict(response.request.headers), size, _read_md5(response.headers))

    def _resume(self, step: Step) -> None:
        """Request the missing bytes and append them to the part."""
        import requests

        source, start_byte = self._locate(), self._received()
        if source.size and start_byte == source.size:
            return
        start_byte = start_byte if start_byte < source.size else 0
        headers = {**source.headers, "Range": f"bytes={start_byte}-", "Accept-Encoding": "identity"}
        response: Response = requests.get(source.url, headers=headers, stream=True, timeout=READ_TIMEOUT_S)
        with response:
            response.raise_for_status()
            resumes = response.headers.get("Content-Range", "").startswith(f"bytes {start_byte}-")
            self._write(response, resumes and start_byte > 0, step)
        if source.size and self._received() != source.size:
            raise requests.ConnectionError("it ended too early")

    def _write(self, response: Response, append: bool, step: Step) -> None:
        with self._part.open("ab" if append else "wb") as file:
            for chunk in response.iter_content(CHUNK):
                size_before = file.tell()
                file.write(chunk)
                step.advance(file.tell() // _MEGABYTE - size_before // _MEGABYTE)

    def _check_md5(self, source: ArchiveSource) -> None:
        """Raise CoveyError and delete the part if its checksum differs from the one that Kaggle gives."""
        if not source.md5:
            return
        with self._part.open("rb") as file:
            checksum = hashlib.file_digest(file, "md5").digest()
        if base64.b64encode(checksum).decode() != source.md5:
            self._part.unlink()
            raise CoveyError(f"The download of {self.slug} is damaged: its checksum is wrong. Fetch it again.")


def _read_md5(headers: Mapping[str, str]) -> str:
    """Return the MD5 in base64 from the headers of an archive, "" if there is none."""
    match = re.search(r"md5=([A-Za-z0-9+/]{22}==)", headers.get("x-goog-hash", ""))
    return match[1] if match else headers.get("Content-MD5", "")
