"""The archive of a version is downloaded: taken up where it was cut off, and checked as far as Kaggle allows."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

import attrs

from covey import CoveyError
from covey.authoring import Progress, Step
from covey_kaggle.client import PATIENCE, patiently, service
from covey_kaggle.local_copy import Slug

CHUNK = 1 << 16
"""Bytes that are written down together: what is lost at most when a connection is cut."""
_MEGABYTE = 1_000_000


@attrs.frozen
class ArchiveSource:
    """Where an archive lies, the headers to ask for it with, its size (0: not told) and its MD5 ("": not told)."""

    url: str
    headers: dict[str, str]
    size: int
    md5: str


@attrs.frozen
class Download:
    """The download of one version to `archive`; what has come lies in a file beside it, and is used again."""

    api: Any
    slug: Slug
    version: int
    archive: Path

    def run(self, progress: Progress) -> None:
        """Bring the archive. Raises CoveyError; what has come is kept, unless it is damaged."""
        if self.archive.is_file():
            return
        source = patiently(self._source, self.slug)
        total = -(-source.size // _MEGABYTE)
        with progress.step(f"Fetching {self.slug}, version {self.version}", total, "MB") as step:
            step.advance(self._come() // _MEGABYTE)
            self._all(step)
        self._check(source)
        self._part.replace(self.archive)

    @property
    def _part(self) -> Path:
        return self.archive.with_suffix(".part")

    def _come(self) -> int:
        return self._part.stat().st_size if self._part.is_file() else 0

    def _all(self, step: Step) -> None:
        """Go on until all has come; give up only when nothing comes any more."""
        while True:
            before = self._come()
            try:
                return patiently(lambda: self._more(step), self.slug)
            except CoveyError:
                if self._come() <= before:
                    raise

    def _source(self) -> ArchiveSource:
        """Ask where the archive lies: Kaggle answers with a redirection that holds for a while."""
        from kagglesdk.datasets.types.dataset_api_service import ApiDownloadDatasetRequest

        request = ApiDownloadDatasetRequest()
        request.owner_slug, request.dataset_slug = self.slug.owner, self.slug.name
        request.dataset_version_number = self.version
        with service(self.api) as calls:
            response = calls.download_dataset(request)
            response.close()
        size = int(response.headers.get("Content-Length") or 0)
        return ArchiveSource(response.url, dict(response.request.headers), size, _md5(response.headers))

    def _more(self, step: Step) -> None:
        """Ask for what is missing, and write it down as it comes."""
        import requests

        source, start = self._source(), self._come()
        if source.size and start == source.size:
            return
        start = start if start < source.size else 0
        headers = {**source.headers, "Range": f"bytes={start}-", "Accept-Encoding": "identity"}
        with requests.get(source.url, headers=headers, stream=True, timeout=PATIENCE) as response:
            response.raise_for_status()
            goes_on = response.headers.get("Content-Range", "").startswith(f"bytes {start}-")
            with self._part.open("ab" if goes_on and start else "wb") as file:
                for chunk in response.iter_content(CHUNK):
                    before = file.tell()
                    file.write(chunk)
                    step.advance(file.tell() // _MEGABYTE - before // _MEGABYTE)
        if source.size and self._come() != source.size:
            raise requests.ConnectionError("it ended too early")

    def _check(self, source: ArchiveSource) -> None:
        """Raise CoveyError, and forget what has come, when its checksum is not the one that Kaggle gives."""
        if not source.md5:
            return
        with self._part.open("rb") as file:
            checksum = hashlib.file_digest(file, "md5").digest()
        if base64.b64encode(checksum).decode() != source.md5:
            self._part.unlink()
            raise CoveyError(
                f"{self.slug} came damaged: its checksum is not the one that Kaggle gives. Fetch it again."
            )


def _md5(headers: Any) -> str:
    """Return the MD5 in base64 that the server of the archive tells, "" where it tells none."""
    match = re.search(r"md5=([A-Za-z0-9+/]{22}==)", headers.get("x-goog-hash", ""))
    return match[1] if match else headers.get("Content-MD5", "")
