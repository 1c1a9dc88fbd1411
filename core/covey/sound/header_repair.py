"""Sound files whose header was never finished, because power failed or the card was full."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import attrs


@attrs.frozen
class _Layout:
    """How a container is built of chunks, each with a head (name and size) in front.

    `first` is where the first chunk begins, `sound` the name of the chunk with the sound, `empty` the greatest size
    that it has without sound. Chunks begin at multiples of `align` bytes.
    """

    head: str
    first: int
    align: int
    sound: bytes
    empty: int


@attrs.frozen
class _Chunk:
    name: bytes
    start: int
    size: int


_LAYOUTS: Mapping[bytes, _Layout] = {
    b"RIFF": _Layout("<4sI", 12, 2, b"data", 0),
    b"RIFX": _Layout(">4sI", 12, 2, b"data", 0),
    b"RF64": _Layout("<4sI", 12, 2, b"data", 0),
    b"FORM": _Layout(">4sI", 12, 2, b"SSND", 8),
    b"caff": _Layout(">4sq", 8, 1, b"data", 4),
}
_UNKNOWN_SIZE = 0xFFFFFFFF
_AU = b".snd"


def find_header_patches(path: Path) -> dict[int, bytes]:
    """Return the bytes by offset that make the sound of a file reach to its end; none if nothing can be repaired.

    A header is unfinished when it says that there is no sound, or more than there is, and what follows is no chunk.
    """
    with path.open("rb") as file:
        container, length = file.read(4), path.stat().st_size
        if container == _AU:
            return {8: struct.pack(">I", _UNKNOWN_SIZE)} if length > 24 else {}
        layout = _LAYOUTS.get(container)
        if layout is None:
            return {}
        chunks = {chunk.name: chunk for chunk in _read_chunks(file, layout, layout.first, length)}
        return _patches(file, container, layout, chunks, length)


class PatchedFile(io.RawIOBase):
    """A file that is read as if some of its bytes were others."""

    def __init__(self, file: BinaryIO, patches: Mapping[int, bytes]) -> None:
        self._file = file
        self._patches = patches

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that any place in it can be read."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, and return it."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return the place."""
        return self._file.tell()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill a buffer from the place, and return the number of bytes."""
        start = self._file.tell()
        patched_content = bytearray(self._file.read(len(buffer)))
        for offset, patch in self._patches.items():
            for position, byte in enumerate(patch, offset - start):
                if 0 <= position < len(patched_content):
                    patched_content[position] = byte
        buffer[: len(patched_content)] = patched_content
        return len(patched_content)


def _patches(
    file: BinaryIO, container: bytes, layout: _Layout, chunks: Mapping[bytes, _Chunk], file_bytes: int
) -> dict[int, bytes]:
    sound = chunks.get(layout.sound)
    if sound is None or not _is_unfinished(file, layout, sound, file_bytes, chunks.get(b"ds64")):
        return {}
    sound_bytes = file_bytes - sound.start
    head_bytes = struct.calcsize(layout.head)
    size_field = {sound.start - head_bytes: struct.pack(layout.head, sound.name, min(sound_bytes, _UNKNOWN_SIZE))}
    if container != b"RF64":
        return size_field
    ds64 = chunks.get(b"ds64")
    unknown = {sound.start - head_bytes: struct.pack(layout.head, sound.name, _UNKNOWN_SIZE)}
    return unknown | {ds64.start + 8: struct.pack("<Q", sound_bytes)} if ds64 else {}


def _is_unfinished(file: BinaryIO, layout: _Layout, sound: _Chunk, file_bytes: int, ds64: _Chunk | None) -> bool:
    sound_bytes = file_bytes - sound.start
    claimed_bytes = sound.size
    if ds64:
        file.seek(ds64.start + 8)
        (claimed_bytes,) = struct.unpack("<Q", file.read(8).ljust(8, b"\0"))
    if sound_bytes <= layout.empty or layout.empty < claimed_bytes <= sound_bytes:
        return False
    return (
        claimed_bytes > sound_bytes
        or claimed_bytes < 0
        or not _ends_with_chunks(file, layout, sound.start + max(claimed_bytes, 0), file_bytes)
    )


def _ends_with_chunks(file: BinaryIO, layout: _Layout, start: int, length: int) -> bool:
    """Say whether a file from `start` on is nothing but whole chunks with names of letters."""
    end = start
    for chunk in _read_chunks(file, layout, start, length):
        if not chunk.name.isascii() or not chunk.name.decode("ascii").isprintable():
            return False
        end = chunk.start + chunk.size
    return end in (length, length - 1)


def _read_chunks(file: BinaryIO, layout: _Layout, start: int, length: int) -> Iterator[_Chunk]:
    """Yield the chunks of a file from `start` on, up to the one with the sound and to one longer than the file."""
    head_bytes = struct.calcsize(layout.head)
    while 0 < start <= length - head_bytes:
        file.seek(start)
        name, claimed_bytes = struct.unpack(layout.head, file.read(head_bytes))
        chunk = _Chunk(name, start + head_bytes, claimed_bytes)
        yield chunk
        if name == layout.sound or claimed_bytes < 0:
            return
        start = chunk.start + claimed_bytes + (-claimed_bytes) % layout.align
