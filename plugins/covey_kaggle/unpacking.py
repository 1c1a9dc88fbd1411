"""Unpack an archive from the internet: only regular files, only inside the folder, within a limit of bytes."""

from __future__ import annotations

import errno
import shutil
import stat
import zipfile
import zlib
from itertools import pairwise
from pathlib import Path

from covey import CoveyError
from covey.authoring import POINTER, Progress, check_room, is_allowed_name, is_portable_name, reason
from covey_kaggle.local_copy import Slug

MAX_EXPANSION = 100
"""The unpacked files may be at most this many times as large as the archive, or SMALL_SIZE bytes."""
SMALL_SIZE = 1 << 30
_CHUNK = 1 << 20
_DAMAGED = (OSError, ValueError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error)
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Errors of the operating system when a disk takes no more, which are no fault of the archive."""


def unpack(archive: Path, folder: Path, slug: Slug, progress: Progress) -> None:
    """Unpack an archive into a new folder, which appears once it is complete.

    Hidden files and covey's pointer to images elsewhere are left out.

    Args:
        archive: a ZIP file; it is deleted if it is damaged or hostile.
        folder: the new folder.
        slug: the dataset that messages name.
        progress: reports progress.

    Raises:
        CoveyError: the archive is damaged, hostile or too large, or there is no room for its files.
    """
    partial_folder = folder.with_name(f".{folder.name}.half")
    shutil.rmtree(partial_folder, ignore_errors=True)
    try:
        with zipfile.ZipFile(archive) as open_archive:
            members = _check_members(open_archive, archive.stat().st_size)
            check_room(sum(member.file_size for member in members), archive.parent, f"{slug}, unpacked,")
            partial_folder.mkdir()
            with progress.step(f"Unpacking {slug}", len(members), "file") as step:
                for member in members:
                    _write(open_archive, member, partial_folder / member.filename)
                    step.advance()
        partial_folder.replace(folder)
    except _DAMAGED as error:
        if isinstance(error, OSError) and error.errno in _DISK_FULL:
            problem = f"{slug} cannot be unpacked in {archive.parent} ({reason(error)})"
            raise CoveyError(f"{problem}: make room, or set COVEY_HOME to another folder.") from error
        archive.unlink(missing_ok=True)
        raise CoveyError(f"{slug} cannot be unpacked ({reason(error)}): fetch it again, or tell its owner.") from error
    finally:
        shutil.rmtree(partial_folder, ignore_errors=True)


def _check_members(open_archive: zipfile.ZipFile, archive_size: int) -> list[zipfile.ZipInfo]:
    """Return the files to unpack. Raises ValueError for a hostile archive."""
    file_members = [member for member in open_archive.infolist() if not member.is_dir()]
    for member in file_members:
        _check_member(member)
    if len({member.filename for member in file_members}) < len(file_members):
        raise ValueError("it holds a name twice")
    byte_ranges = sorted((member.header_offset, member.header_offset + member.compress_size) for member in file_members)
    if any(end > start for (_, end), (start, _) in pairwise(byte_ranges)):
        raise ValueError("its members overlap")
    unpacked_size = sum(member.file_size for member in file_members)
    if unpacked_size > max(SMALL_SIZE, MAX_EXPANSION * archive_size):
        raise ValueError(f"it would make {unpacked_size:,} bytes of {archive_size:,}")
    return [member for member in file_members if not _is_left_out(member.filename)]


def _check_member(member: zipfile.ZipInfo) -> None:
    file_type = stat.S_IFMT(member.external_attr >> 16)
    if not is_portable_name(member.filename):
        raise ValueError(
            f"the name {member.filename[:100]!r} in it leads out of the folder, or is not allowed on some systems"
        )
    if file_type not in (0, stat.S_IFREG) or member.flag_bits & 1:
        raise ValueError(f"{member.filename[:100]!r} in it is a link or encrypted")


def _is_left_out(name: str) -> bool:
    return name.casefold() == POINTER or not is_allowed_name(name)


def _write(open_archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> None:
    """Write one file; reading it to its end also checks its checksum."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open_archive.open(member) as source, path.open("xb") as file:
        shutil.copyfileobj(source, file, _CHUNK)
