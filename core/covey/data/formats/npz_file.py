"""NPZ files as containers: ZIP archives of NPY arrays, written so that arrays can be mapped, read within bounds.

What a file says of itself is checked against its size before memory is given to it, and nothing in it is run.
"""

from __future__ import annotations

import hashlib
import mmap
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property, lru_cache
from io import BytesIO
from itertools import chain, pairwise
from math import prod
from pathlib import Path
from typing import IO, Any, BinaryIO

import attrs
import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from covey._base.errors import CoveyError, reason
from covey._base.files import replace_file
from covey.data.legacy.pickles import read_strings

ALIGNMENT = 64
"""The bytes of an array begin at a multiple of this in the file."""
MAPPED = 1 << 20
"""Arrays of at least so many bytes are mapped if covey wrote the file: their checksum is not looked at. covey replaces
its files and never overwrites them; under an array of a file that another program shortens, the system would end the
process, so those are read."""
SMALL, EXPANSION = 1 << 28, 64
"""All arrays of a file together may take `SMALL` bytes and `EXPANSION` times the size of the file."""
MOST_ARRAYS = 10_000
"""Arrays of a table; a file has no more than these and the two that are in every table."""
_MOST_MEMBERS = MOST_ARRAYS + 2
_CHUNK = 1 << 20
_PADDING = 0xD935
"""The extra field that aligns, as Android's zipalign writes it."""
_LENGTH_FORMATS = {(1, 0): "<H", (2, 0): "<I"}
_HEADER_READERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
"""Version 3 is for names of fields in Unicode, which no table of covey has."""
DAMAGED = (
    OSError,
    ValueError,
    KeyError,
    EOFError,
    TypeError,
    SyntaxError,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    NotImplementedError,
    RuntimeError,
    MemoryError,
    OverflowError,
    RecursionError,
)
"""What numpy and zipfile raise over a damaged file."""


@attrs.frozen
class Header:
    """What an array says of itself: its dtype, its shape, its order; and the length of the header in bytes."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran: bool
    length: int


class Archive:
    """An NPZ file that is open for reading. All methods raise what is in DAMAGED."""

    def __init__(self, path: Path, file: BinaryIO, archive: zipfile.ZipFile) -> None:
        self.path = path
        self._file = file
        self._zip = archive
        self._size = file.seek(0, 2)
        self._infos = self._check_members(archive.infolist())

    @cached_property
    def headers(self) -> Mapping[str, Header]:
        """What each array says of itself, by its key; members with a path in their name, or no arrays, are left out."""
        headers = {}
        for name, member_info in self._infos.items():
            with self._zip.open(member_info) as member:  # which compares the two places where the file tells the name
                if re.fullmatch(r"[^/\\:]+\.npy", name):
                    headers[name.removesuffix(".npy")] = _read_header(member)
        return headers

    def read(self, key: str) -> NDArray[Any]:
        """Return one array, mapped where that is possible: native, in C order; changes to it never reach the file."""
        header, member = self.headers[key], self._infos[f"{key}.npy"]
        if header.dtype.hasobject:
            return self._strings(member, header)
        array_bytes = prod(header.shape) * header.dtype.itemsize
        if header.length + array_bytes != member.file_size:
            raise ValueError(
                f"{key} has {member.file_size:,} bytes, but its header speaks of {header.length + array_bytes:,}"
            )
        content = self._mapped(member, header, array_bytes)
        if content is None:
            content = self._content(member, header, array_bytes)
        array = content.view(header.dtype).reshape(header.shape, order="F" if header.fortran else "C")
        return np.ascontiguousarray(array, dtype=header.dtype.newbyteorder("=")).reshape(header.shape)

    def hash(self, keys: Iterable[str]) -> str:
        """Return the SHA-256 of arrays as they are stored, headers included, 64 hexadecimal digits."""
        content = hashlib.sha256()
        for key in sorted(keys):
            content.update(f"{key}:{self._infos[f'{key}.npy'].file_size}\0".encode())
            with self._zip.open(self._infos[f"{key}.npy"]) as member:
                while chunk := member.read(_CHUNK):
                    content.update(chunk)
        return content.hexdigest()

    def verify(self) -> None:
        """Read every array against its checksum."""
        for member_info in self._infos.values():
            with self._zip.open(member_info) as member:
                while member.read(_CHUNK):
                    pass

    @cached_property
    def _mapping(self) -> mmap.mmap:
        return mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_COPY)

    def _check_members(self, infos: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
        """Return the members by name, none of which lies about its place and size."""
        if len(infos) > _MOST_MEMBERS:
            raise ValueError(f"it has {len(infos):,} members")
        if len(infos) != self._counted():
            raise ValueError("its directory is damaged")
        if len({member.filename for member in infos}) < len(infos):
            raise ValueError("it holds one name twice")
        starts = sorted((member.header_offset, member.compress_size) for member in infos)
        ends = [*starts, (self._size, 0)]
        if any(start < 0 or start + 30 + size > following for (start, size), (following, _) in pairwise(ends)):
            raise ValueError("its members overlap")
        for member in infos:
            self._check(member)
        total, most = sum(member.file_size for member in infos), SMALL + EXPANSION * self._size
        if total > most:
            raise ValueError(f"its arrays would take {total:,} bytes of memory, more than {most:,} for a file so small")
        return {member.filename: member for member in infos}

    def _counted(self) -> int:
        """Return how many members the file says that it has, at its very end."""
        self._file.seek(self._size - 22 - len(self._zip.comment))
        return int.from_bytes(self._file.read(12)[10:], "little")

    def _check(self, member: zipfile.ZipInfo) -> None:
        if member.flag_bits & 1:
            raise ValueError("it is encrypted")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError("it is compressed in an unusual way")
        stored = member.compress_type == zipfile.ZIP_STORED
        if stored and member.file_size != member.compress_size:
            raise ValueError(f"it says that {member.file_size:,} bytes lie in {member.compress_size:,}")

    def _mapped(self, member: zipfile.ZipInfo, header: Header, size: int) -> NDArray[np.uint8] | None:
        """Return the bytes of an array without reading them; None if they must be read."""
        if size < MAPPED or not _is_written_by_covey(member) or not header.dtype.isnative:
            return None
        start = member.header_offset + 30 + header.length
        start += sum(struct.unpack_from("<HH", self._mapping, member.header_offset + 26))
        if start % header.dtype.alignment:
            return None
        return np.frombuffer(self._mapping, np.uint8, size, start)

    def _content(self, member_info: zipfile.ZipInfo, header: Header, size: int) -> NDArray[np.uint8]:
        content = np.empty(size, np.uint8)
        with self._zip.open(member_info) as member:
            member.read(header.length)
            for start in range(0, size, _CHUNK):
                part = member.read(min(_CHUNK, size - start))
                content[start : start + len(part)] = np.frombuffer(part, np.uint8)
                if len(part) < min(_CHUNK, size - start):
                    raise EOFError(f"{member_info.filename} ends too early")
            if member.read(1):  # also reaches the checksum
                raise ValueError(f"{member_info.filename} is longer than it says")
        return content

    def _strings(self, member_info: zipfile.ZipInfo, header: Header) -> NDArray[np.str_]:
        with self._zip.open(member_info) as member:
            member.read(header.length)
            names = read_strings(member.read(), str(self.path))
        if names.shape != header.shape:
            raise ValueError("the header of its names speaks of another number of names")
        return names


def _is_written_by_covey(member: zipfile.ZipInfo) -> bool:
    """Whether a member is stored as it is and carries the padding of `Writer`, which no other tool writes."""
    padded = member.extra.startswith(struct.pack("<H", _PADDING))
    return padded and member.compress_type == zipfile.ZIP_STORED


@contextmanager
def open_npz(path: Path) -> Iterator[Archive]:
    """Open an NPZ file for reading. Raises CoveyError over whatever is wrong with it."""
    try:
        with path.open("rb") as file:
            if not zipfile.is_zipfile(file):
                raise zipfile.BadZipFile("it is no NPZ file, or was cut off")
            with zipfile.ZipFile(file) as archive:
                yield Archive(path, file, archive)
    except DAMAGED as error:
        raise CoveyError(f"{path} cannot be read ({reason(error)}): make or fetch the file again.") from error


class Writer:
    """An NPZ file that is being written: one array after the other, each aligned where it is not compressed."""

    def __init__(self, file: BinaryIO, archive: zipfile.ZipFile, compress: bool) -> None:
        self._file = file
        self._zip = archive
        self._method = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED

    def put(self, key: str, array: NDArray[Any]) -> None:
        """Write an array."""
        with self._member(key) as member:
            npy.write_array(member, np.asarray(array, order="C"), allow_pickle=False)

    def put_blocks(self, key: str, count: int, blocks: Iterable[NDArray[Any]]) -> None:
        """Write the array (count, d) of which one block of rows (b, d) after the other comes."""
        remaining_blocks = iter(blocks)
        first = next(remaining_blocks)
        header = {"descr": npy.dtype_to_descr(first.dtype), "fortran_order": False, "shape": (count, first.shape[1])}
        with self._member(key) as member:
            npy.write_array_header_1_0(member, header)
            for block in chain([first], remaining_blocks):
                member.write(block.tobytes())

    def _member(self, key: str) -> IO[bytes]:
        member = zipfile.ZipInfo(f"{key}.npy")
        member.compress_type = self._method
        size_fields = 20  # which force_zip64 puts behind the padding
        start = self._file.tell() + 30 + len(member.filename) + 6 + size_fields
        padding = -start % ALIGNMENT
        member.extra = struct.pack("<HHH", _PADDING, 2 + padding, ALIGNMENT) + bytes(padding)
        return self._zip.open(member, "w", force_zip64=True)


@contextmanager
def create_npz(path: Path, compress: bool = False) -> Iterator[Writer]:
    """Open an NPZ file for writing; it takes its place when the block ends well. Raises CoveyError."""
    with replace_file(path) as file, zipfile.ZipFile(file, "w", allowZip64=True) as archive:
        yield Writer(file, archive, compress)


@lru_cache(maxsize=1024)
def _parse_header(version: tuple[int, int], encoded: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return shape, Fortran order and dtype from a header; the tables of a dataset share few different ones.

    Raises:
        ValueError: it is no header.
    """
    try:
        return _HEADER_READERS[version](BytesIO(encoded))
    except Exception as error:  # of Python's parser, which NumPy lets through
        raise ValueError("an array has a header that is not understood, or too long to be read safely") from error


def _read_header(member: IO[bytes]) -> Header:
    """Read the header of an array. Raises ValueError when it holds no numbers, text or objects."""
    try:
        version = npy.read_magic(member)
    except ValueError as error:
        raise ValueError("it holds what is no NPY array") from error
    if version not in _HEADER_READERS:
        raise ValueError(f"an array is written in version {version[0]} of the NPY format: save it with version 1 or 2")
    length_field = member.read(struct.calcsize(_LENGTH_FORMATS[version]))
    (text_length,) = struct.unpack(_LENGTH_FORMATS[version], length_field)
    shape, fortran, dtype = _parse_header(version, length_field + member.read(min(text_length, _CHUNK)))
    if dtype.kind not in "biufSUO" or dtype.subdtype is not None:
        raise ValueError(f"it holds an array of the kind {str(dtype)[:50]}")
    if any(size < 0 for size in shape):
        raise ValueError(f"it holds an array of the shape {shape}")
    return Header(dtype, shape, fortran, member.tell())
