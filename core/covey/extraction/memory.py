"""What images cost in memory, and how much of it is free."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from covey._base.errors import CoveyError

ORDINARY = 1 << 17
"""Pixels of an image of ordinary size, such as 512 x 256: of these a whole batch goes through an extractor at once."""
LARGE = 1 << 19
"""Images of more pixels go through alone."""
_CGROUP, _GROUPS_OF_PROCESS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
_UNLIMITED = 1 << 60


class NotEnoughMemory(CoveyError):
    """An image needs more memory than there is."""


def images_at_once(batch_size: int, height: int, width: int) -> int:
    """Return how many images of a size go through an extractor together.

    It follows from the size and the batch size alone, never from how much memory is free, so that features do not
    depend on that.
    """
    area = height * width
    if area > LARGE:
        return 1
    return max(1, min(batch_size, batch_size * ORDINARY // max(1, area)))


def check_memory(consumer: str, height: int, width: int, needed: int) -> None:
    """Check that an image fits into free memory before work on it begins.

    Args:
        consumer: what needs the memory, such as the name of a network.
        height: of the image in pixels.
        width: of the image in pixels.
        needed: estimate in bytes.

    Raises:
        NotEnoughMemory: it does not fit; the message fits behind the name of the image.
    """
    free = free_memory()
    if free is not None and needed > free:
        raise NotEnoughMemory(
            f"it has {width:,} x {height:,} pixels, for which {consumer} needs about {needed / 1e9:.1f} GB of memory,"
            f" and {free / 1e9:.1f} GB are free: cut it into shorter images, set the extractor's option input to"
            " stretch, or free memory and delete this table of features to compute it again"
        )


def free_memory() -> int | None:
    """Return how many bytes this process can still get; None if the system does not say.

    It is the least of what the system has, what the cgroup (version 1 or 2) allows and what RLIMIT_AS allows.
    """
    amounts = [_free_in_system(), *_free_in_cgroups(), _free_in_address_space()]
    return min((amount for amount in amounts if amount is not None), default=None)


def _free_in_system() -> int | None:
    available = _read_fields(Path("/proc/meminfo")).get("MemAvailable:")
    if available is not None:
        return available * 1024
    with suppress(AttributeError, ValueError, OSError):  # no such name, or no sysconf at all
        return os.sysconf("SC_AVPHYS_PAGES" if sys.platform != "darwin" else "SC_PHYS_PAGES") * os.sysconf(
            "SC_PAGE_SIZE"
        )
    return None


def _free_in_cgroups() -> Iterator[int]:
    """Yield what each cgroup that this process belongs to allows beyond what it uses."""
    with suppress(OSError, ValueError):
        for line in _GROUPS_OF_PROCESS.read_text("utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            if not controllers:
                yield from _free_below(_CGROUP, path, "memory.max", "memory.current", "inactive_file")
            elif "memory" in controllers.split(","):
                names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
                yield from _free_below(_CGROUP / "memory", path, *names)


def _free_below(root: Path, path: str, limit: str, usage: str, cache: str) -> Iterator[int]:
    """Yield what the cgroup at `path` and those above it allow. In a container `path` may be that of the host."""
    relative = Path(path.lstrip("/"))
    for folder in [root / relative, *(root / parent for parent in relative.parents), root]:
        with suppress(OSError, ValueError):  # not there, or "max"
            most = int((folder / limit).read_text("utf-8"))
            used = int((folder / usage).read_text("utf-8"))
            if most < _UNLIMITED:
                yield max(0, most - used + _read_fields(folder / "memory.stat").get(cache, 0))


def _free_in_address_space() -> int | None:
    with suppress(ImportError, OSError, ValueError, IndexError):  # Windows has no such limit
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit != resource.RLIM_INFINITY:
            used = int(Path("/proc/self/statm").read_text("utf-8").split()[0]) * resource.getpagesize()
            return max(0, limit - used)
    return None


def _read_fields(path: Path) -> dict[str, int]:
    """Return the numbers in a file with a name and a number in each line; none if it cannot be read."""
    with suppress(OSError, ValueError):
        rows = (line.split() for line in path.read_text("utf-8").splitlines())
        return {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdigit()}
    return {}
