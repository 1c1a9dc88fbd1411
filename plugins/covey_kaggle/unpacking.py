"""An archive from the internet is unpacked: only plain files, only inside, never more than it may hold."""

from __future__ import annotations

import errno
import re
import shutil
import stat
import zipfile
import zlib
from itertools import pairwise
from pathlib import Path

from covey import CoveyError
from covey.authoring import POINTER, Progress, escapes_folder, reason
from covey_kaggle.local_copy import Slug

EXPANSION = 100
"""What is unpacked may be so many times as large as the archive; small archives may make up to FREELY bytes."""
FREELY = 1 << 30
_CHUNK = 1 << 20
_STRANGE = re.compile(r"[\x00-\x1f]|[. ](/|$)|//")
"""What some system reads as something else."""
_DAMAGED = (OSError, ValueError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error)
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the system says when a disk takes no more: no fault of the archive."""


def unpack(archive: Path, folder: Path, slug: Slug, progress: Progress) -> None:
    """Unpack an archive into a new folder, which appears once it is whole.

    Hidden files and covey's pointer to images elsewhere are left out.

    Raises:
        CoveyError: the archive is damaged, hostile or too large, and is deleted; or there is no room for what is in it.
    """
    half = folder.with_name(f".{folder.name}.half")
    shutil.rmtree(half, ignore_errors=True)
    try:
        with zipfile.ZipFile(archive) as opened:
            members = _check_members(opened, archive.stat().st_size)
            _check_room(members, archive.parent)
            half.mkdir()
            with progress.step(f"Unpacking {slug}", len(members), "file") as step:
                for member in members:
                    _write(opened, member, half / member.filename)
                    step.advance()
        half.replace(folder)
    except _DAMAGED as error:
        if isinstance(error, OSError) and error.errno in _FULL:
            problem = f"{slug} cannot be unpacked in {archive.parent} ({reason(error)})"
            raise CoveyError(f"{problem}: make room, or let COVEY_HOME name a folder elsewhere.") from error
        archive.unlink(missing_ok=True)
        raise CoveyError(f"{slug} cannot be unpacked ({reason(error)}): fetch it again, or tell its owner.") from error
    finally:
        shutil.rmtree(half, ignore_errors=True)


def _check_members(opened: zipfile.ZipFile, size: int) -> list[zipfile.ZipInfo]:
    """Return the files to unpack. Raises ValueError over an archive that means harm."""
    infos = [member for member in opened.infolist() if not member.is_dir()]
    for member in infos:
        _check(member)
    if len({member.filename for member in infos}) < len(infos):
        raise ValueError("it holds one name twice")
    ends = sorted((member.header_offset, member.header_offset + member.compress_size) for member in infos)
    if any(end > start for (_, end), (start, _) in pairwise(ends)):
        raise ValueError("its members overlap")
    whole = sum(member.file_size for member in infos)
    if whole > max(FREELY, EXPANSION * size):
        raise ValueError(f"it would make {whole:,} bytes of {size:,}")
    return [member for member in infos if not _is_left_out(member.filename)]


def _check(member: zipfile.ZipInfo) -> None:
    kind = stat.S_IFMT(member.external_attr >> 16)
    if escapes_folder(member.filename) or _STRANGE.search(member.filename):
        raise ValueError(f"the name {member.filename[:100]!r} in it leads elsewhere, or is none on some systems")
    if kind not in (0, stat.S_IFREG) or member.flag_bits & 1:
        raise ValueError(f"{member.filename[:100]!r} in it is a link or encrypted")


def _is_left_out(name: str) -> bool:
    return name == POINTER or any(part.startswith(".") for part in name.split("/"))


def _check_room(members: list[zipfile.ZipInfo], folder: Path) -> None:
    needed = sum(info.file_size for info in members)
    free = shutil.disk_usage(folder).free
    if needed > free:
        shortage = f"It takes {needed / 1e9:,.1f} GB unpacked, and {folder} has {free / 1e9:,.1f} GB left"
        raise CoveyError(f"{shortage}: make room, or let COVEY_HOME name a folder elsewhere.")


def _write(opened: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> None:
    """Write one file; reading it to its end also checks it against its checksum."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with opened.open(member) as source, path.open("xb") as file:
        shutil.copyfileobj(source, file, _CHUNK)
