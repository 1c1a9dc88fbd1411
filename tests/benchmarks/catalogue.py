"""How long and how much memory the catalogue of many images takes, against a bare look at the same files.

Run it by `python tests/benchmarks/catalogue.py [IMAGES]`, on Linux. The images are empty files that the catalogue takes
for read ones; each figure is the median of five, and the bare look and covey's take turns.
"""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import attrs
import numpy as np

from covey._base.progress import SILENT
from covey.data.catalogue.catalogue import Catalogue
from covey.data.catalogue.image_rows import LAYOUT, Stamps
from covey.data.catalogue.image_scan import ImageScan
from covey.data.formats.arrow_columns import TextColumn
from covey.data.images import ImageFolder

SHORT = ("20000",)

IMAGES, SITES, PORTION, ROUNDS = 1_000_000, 20, 1 << 16, 5


def main(count: int = IMAGES) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["COVEY_HOME"] = f"{folder}/user"
        generate(Path(folder), count)
        time.sleep(2.1)  # what was just written counts as changed
        rows = list(measure(Path(folder)).items())
        rows += [("memory to open it, MB", measure_memory("--open", folder))]
        rows += list(measure_info(Path(folder)).items())
    print(f"{count:,} images")
    for what, figure in rows:
        print(f"{what:<44}{figure:>10,.2f}")


def generate(folder: Path, count: int) -> None:
    """Make empty files, and a catalogue that knows them."""
    images = folder / "images"
    for site in range(SITES):
        (images / f"site{site:02}").mkdir(parents=True)
    for number in range(count):
        (images / f"site{number % SITES:02}" / f"20230501_{number // SITES:06}_segm_{number % 100:04}.000.png").touch()
    stamps = Stamps.of(ImageScan(images).portions())
    with catalogue_of(folder).changing(SILENT) as change:
        for start in range(0, count, PORTION):
            rows = np.arange(start, min(count, start + PORTION))
            change.append(LAYOUT, {
                "name": stamps.names.take(rows), "bytes": stamps.bytes[rows], "time": stamps.time[rows],
                "changed": stamps.changed[rows], "content": np.frombuffer(os.urandom(32 * len(rows)), "V32"),
                "height": np.full(len(rows), 128, np.int32), "width": np.full(len(rows), 256, np.int32),
                "problem": TextColumn.of([""] * len(rows)), "greys": TextColumn.of([""] * len(rows)),
            })  # fmt: skip


def catalogue_of(folder: Path) -> Catalogue:
    """Return the catalogue of the images in a folder."""
    (folder / ".covey").mkdir(exist_ok=True)
    return Catalogue(ImageFolder(folder / "images", folder / ".covey"))


def look(folder: str) -> None:
    """Look at all files as barely as Python can: `os.scandir` with `stat`."""
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            look(entry.path)
        else:
            entry.stat()


def measure(folder: Path) -> dict[str, float]:
    """Return how long looks take, in seconds, and how much is written for one new image."""
    catalogue, numbers = catalogue_of(folder), iter(range(ROUNDS))
    bare, unchanged, one_new = list[float](), list[float](), list[float]()
    for number in numbers:
        bare.append(seconds(lambda: look(str(folder / "images"))))
        unchanged.append(seconds(catalogue.refresh))
        (folder / "images" / f"new{number}.png").write_bytes(b"x")
        before = {path.name for path in catalogue.store.folder.iterdir()}
        one_new.append(seconds(catalogue.refresh))
        new_files = [path for path in catalogue.store.folder.iterdir() if path.name not in before]
        written = sum(path.stat().st_size for path in [*new_files, catalogue.store.folder / "manifest.json"])
    return {
        "bare look, s": median(bare),
        "catalogue, nothing new, s": median(unchanged),
        "catalogue, one new image, s": median(one_new),
        "times the bare look": median(one_new) / median(bare),
        "written for one new image, kB": written / 1000,
    }


def seconds(work: Callable[[], object]) -> float:
    """Return how long something takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure_memory(*arguments: str) -> float:
    """Return the most memory that this script takes with other arguments, in MB."""
    return _run([sys.executable, __file__, *arguments]).memory_mb


def measure_info(folder: Path) -> dict[str, float]:
    """Return what covey info takes the second time, and what is allowed: two bare looks and starting covey.

    The three take turns. On a machine with other work CPU seconds say more than wall time.
    """
    covey = [sys.executable, "-c", "from covey.commands.main import main; main()"]
    bare = [sys.executable, "-c", f"{inspect.getsource(look)}\nimport os; look({str(folder / 'images')!r})"]
    _run([*covey, "info", str(folder)])
    rounds = [(_run([*covey, "info", str(folder)]), _run(bare), _run([*covey, "--version"])) for _ in range(ROUNDS)]
    info, looks, starts = zip(*rounds, strict=True)
    return {
        "covey info, MB": info[0].memory_mb,
        "covey info, s": median(run.wall_s for run in info),
        "allowed, s": 2 * median(run.wall_s for run in looks) + median(run.wall_s for run in starts),
        "covey info, CPU s": median(run.cpu_s for run in info),
        "allowed, CPU s": 2 * median(run.cpu_s for run in looks) + median(run.cpu_s for run in starts),
    }


@attrs.frozen
class Run:
    """What a process took: wall time and CPU time in seconds, peak memory in MB."""

    wall_s: float
    cpu_s: float
    memory_mb: float


def _run(command: list[str]) -> Run:
    """Run a command as people do, with compiled modules."""
    start = time.perf_counter()
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    words = ["/usr/bin/time", "-f", "TOOK %U %S %M", *command]
    output = subprocess.run(words, capture_output=True, text=True, check=True, env=environment)
    user, system, memory_kb = map(float, output.stderr.rpartition("TOOK ")[2].split())
    return Run(time.perf_counter() - start, user + system, memory_kb / 1024)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--open"]:
        catalogue_of(Path(sys.argv[2])).rows()
    else:
        main(*map(int, sys.argv[1:2]))
