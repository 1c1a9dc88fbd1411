"""A fake Kaggle on loopback: answers the calls of Kaggle's own client, and fails on demand."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import threading
import time
import zipfile
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Files = dict[str, bytes]
STALLED = 0
"""As a status: the connection stays silent, then ends."""


class KaggleServer(ThreadingHTTPServer):
    """Datasets by slug, each a list of versions; each version its files by path, or the bytes of its archive."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.datasets: dict[str, list[Files | bytes]] = {}
        self.requests: list[dict[str, Any]] = []
        """The requests for new datasets and versions."""
        self.blobs: dict[str, tuple[str, int, bytes]] = {}
        self.calls: Counter[str] = Counter()
        self.faults: dict[str, list[int]] = {}
        """The statuses of the next answers to each call."""
        self.retry_after = "0.01"
        self.cuts: list[int] = []
        """After how many bytes each of the next transfers ends."""
        self.stall = 0.0
        self.description = ""
        """The text on the page."""
        self.sent: list[int] = []
        """The first byte that each download asked for."""
        self.md5: str | None = None
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def archive(self, slug: str, number: int) -> bytes:
        """Return the archive of a version."""
        version = self.datasets[slug][number - 1]
        return version if isinstance(version, bytes) else packed(version)

    def take(self, tokens: list[str]) -> Files:
        """Return the files of a new version; archives are unpacked into a folder, as Kaggle does it."""
        files: Files = {}
        for name, _, data in (self.blobs[token] for token in tokens):
            if not name.endswith(".zip"):
                files[name] = data
                continue
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                files |= {f"{name[:-4]}/{inner}": archive.read(inner) for inner in archive.namelist()}
        return files


def packed(files: Files) -> bytes:
    """Return an archive of files."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return file.getvalue()


class _Handler(BaseHTTPRequestHandler):
    server: KaggleServer

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        call = self.path.rpartition("/")[2]
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.calls[call] += 1
        credentials = base64.b64encode(b"owner:key").decode()
        faults = self.server.faults.get(call)
        if self.headers["Authorization"] != f"Basic {credentials}":
            self._answer(401, {"code": 401, "message": "Unauthorized"})
        elif faults:
            status = faults.pop(0)
            if status == STALLED:
                time.sleep(self.server.stall)
                return
            self._answer(status, {"code": status, "message": "fault"}, {"Retry-After": self.server.retry_after})
        else:
            getattr(self, re.sub("(?=[A-Z])", "_", call).lower())(body)

    def _get_dataset(self, body: Any) -> None:
        slug = f"{body['ownerSlug']}/{body['datasetSlug']}"
        if slug not in self.server.datasets:
            self._answer(403, {"code": 403, "message": "Permission 'datasets.get' was denied"})
            return
        private = bool(self.server.requests) and self.server.requests[0].get("isPrivate", False)
        message = {"ref": slug, "currentVersionNumber": len(self.server.datasets[slug]), "isPrivate": private}
        self._answer(200, message | {"description": self.server.description})

    def _download_dataset(self, body: Any) -> None:
        place = f"{body['ownerSlug']}/{body['datasetSlug']}/{body['datasetVersionNumber']}"
        self._answer(302, None, {"Location": f"{self.server.url}/archive/{place}"})

    def _start_blob_upload(self, body: Any) -> None:
        token = f"token{len(self.server.blobs)}"
        self.server.blobs[token] = (body["name"], body["contentLength"], b"")
        self._answer(200, {"token": token, "createUrl": f"{self.server.url}/blob/{token}"})

    def _create_dataset(self, body: Any) -> None:
        self._create(f"{body['ownerSlug']}/{body['slug']}", body)

    def _create_dataset_version(self, body: Any) -> None:
        self._create(f"{body['ownerSlug']}/{body['datasetSlug']}", body["body"])

    def _create(self, slug: str, asked: Any) -> None:
        self.server.requests.append(asked)
        files = self.server.take([file["token"] for file in asked["files"]])
        self.server.datasets.setdefault(slug, []).append(files)
        self._answer(200, {"ref": slug, "status": "Ok"})

    def do_GET(self) -> None:
        slug, _, number = self.path.removeprefix("/archive/").rpartition("/")
        data = self.server.archive(slug, int(number))
        digest = self.server.md5 or base64.b64encode(hashlib.md5(data).digest()).decode()
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(asked[1]) if asked else 0
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            self.server.sent.append(start)
        self.send_header("Content-Length", str(len(data) - start))
        self.send_header("x-goog-hash", f"crc32c=AAAAAA==, md5={digest}")
        self.end_headers()
        if not asked:
            return  # the client asks only where the archive lies
        end = start + self.server.cuts.pop(0) if self.server.cuts else len(data)
        self.wfile.write(data[start:end])
        self.wfile.flush()
        if end < len(data):
            time.sleep(self.server.stall)

    def do_PUT(self) -> None:
        token = self.path.rpartition("/")[2]
        name, size, data = self.server.blobs[token]
        message = self.headers.get("Content-Range", "")
        if not message.startswith("bytes */"):
            length, start = int(self.headers["Content-Length"]), re.match(r"bytes (\d+)-", message)
            cut = self.server.cuts.pop(0) if self.server.cuts else length
            data = data[: int(start[1]) if start else 0] + self.rfile.read(min(cut, length))
            self.server.blobs[token] = (name, size, data)
            if cut < length:
                return
        faults = self.server.faults.get("Blob")
        if faults:
            self._answer(faults.pop(0), {})
        elif len(data) == size:
            self._answer(200, {})
        else:
            self._answer(308, None, {"Range": f"bytes=0-{len(data) - 1}"} if data else {})

    def _answer(self, status: int, data: Any, headers: dict[str, str] | None = None) -> None:
        body = b"" if data is None else json.dumps(data).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
