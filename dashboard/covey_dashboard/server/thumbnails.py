"""Thumbnails: how the browser gets a picture of any image of a dataset, and of nothing else."""

from __future__ import annotations

import asyncio
import io
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from PIL import Image
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from streamlit import get_option

from covey.frontend import BrokenImage, ImageFolder
from covey_dashboard.server.access.tokens import Tokens

SIDE = 320
"""Pixels of a thumbnail's longer side."""
KEPT = 4096
"""Thumbnails that are kept in memory: about 10 kB each."""
AT_ONCE = 4
"""Pictures that are decoded at the same time, whoever asks for how many: the others wait, and hold no thread."""
LARGE = 8_000_000
"""Pixels above which only one picture is decoded at a time: one of 50 million takes 350 MB meanwhile."""
HEADERS = {"Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}

_PLACE = "/covey/image"
_folders: Tokens[ImageFolder] = Tokens()
_at_once = asyncio.Semaphore(AT_ONCE)
_one_by_one = ThreadPoolExecutor(1)  # one thread, not a lock: the memory that a thread frees stays with it


def address(folder: ImageFolder | None, version: str = "") -> str:
    """Return the address of an image's thumbnail, to which its name is added; "" where there is no folder.

    In the browser: `address + encodeURIComponent(name.toWellFormed())`. With "&whole" after that it is the picture in
    its own size. For a name that is no image in the folder, or a broken one, the answer is 404: the page then draws a
    grey tile. A page that is open shows the pictures that it has, unless the `version` of the images is another one.
    """
    return f"{public_path(_PLACE)}?of={_folders.token(folder)}&version={version}&name=" if folder else ""


def public_path(path: str) -> str:
    """Return a path of this server as the browser has to ask for it, behind a proxy too."""
    base_path = str(get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base_path}{path}" if base_path else path


async def _answer(request: Request) -> Response:
    async with _at_once:
        return await run_in_threadpool(_answer_in_thread, request)


def _answer_in_thread(request: Request) -> Response:
    folder, name = _folders.find_opened(request.query_params.get("of", "")), request.query_params.get("name", "")
    if folder is None:
        return Response(status_code=404)
    try:
        etag = _make_etag(folder, name)
        headers = {**HEADERS, "ETag": etag}
        if request.headers.get("If-None-Match") == etag:
            return Response(status_code=304, headers=headers)
        if "whole" in request.query_params:
            return Response(_encode_in_turn(folder, name, "PNG"), media_type="image/png", headers=headers)
        return Response(_thumbnail(folder, name, etag), media_type="image/jpeg", headers=headers)
    except BrokenImage:
        return Response(status_code=404)


def _make_etag(folder: ImageFolder, name: str) -> str:
    """Return what changes when an image does. Raises BrokenImage when it is no file in the folder."""
    try:
        path = folder.path(name)
        if not path.is_file():
            raise BrokenImage("it is not there")
        file_status = path.stat()
    except (OSError, ValueError) as error:
        raise BrokenImage("it is not there") from error
    return f'"{file_status.st_mtime_ns:x}-{file_status.st_ctime_ns:x}-{file_status.st_size:x}"'


@lru_cache(maxsize=KEPT)
def _thumbnail(folder: ImageFolder, name: str, etag: str) -> bytes:
    return _encode_in_turn(folder, name, "JPEG", SIDE)


def _encode_in_turn(folder: ImageFolder, name: str, file_format: str, longest_side: int = 0) -> bytes:
    """Return an image as a file, its longer side at most `longest_side` pixels. Raises BrokenImage."""
    if _is_large(folder, name):
        return _one_by_one.submit(_encode, folder, name, file_format, longest_side).result()
    return _encode(folder, name, file_format, longest_side)


def _encode(folder: ImageFolder, name: str, file_format: str, longest_side: int) -> bytes:
    image = Image.fromarray(folder.pixels(name))
    if longest_side:
        image.thumbnail((longest_side, longest_side))
    buffer = io.BytesIO()
    image.save(buffer, file_format, quality=88)
    return buffer.getvalue()


def _is_large(folder: ImageFolder, name: str) -> bool:
    """Whether an image has many pixels, or does not say how many. Raises BrokenImage."""
    try:
        with Image.open(folder.path(name)) as image:
            return image.width * image.height > LARGE
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return True


ROUTES = (Route(_PLACE, _answer),)
"""What the web application answers itself."""
