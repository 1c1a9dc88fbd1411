"""How quickly a dataset is listed and opened, how much memory that takes, and what a kill while saving leaves behind.

Run it by `python tests/benchmarks/storage.py [KILLS]`, on Linux; on macOS it does not tell the memory.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import NoReturn, TypeVar

import attrs
import numpy as np

from covey import CoveyError, Embedding, Features
from covey.data.folder import FolderDataset
from covey.data.formats import npz
from covey.testing import tiny_tables

SHORT = ("30",)

T = TypeVar("T")
ROWS, FILES = 1_000_000, 200


def main(kills: int = 1000) -> None:
    """Print both tables."""
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        subprocess.run([sys.executable, __file__, "--measure", folder], check=True)
    with tempfile.TemporaryDirectory() as folder:
        kill(Path(folder) / "x.npz", kills)


def generate(folder: Path) -> None:
    """Write one large embedding and many small files of features."""
    features, embedding, _ = tiny_tables([f"{index}.png" for index in range(500)])
    rng = np.random.default_rng(0)
    names = np.array([f"XC{index:07d}_charbonniere_segm_0.315.png"[-31:] for index in range(ROWS)])
    Z, flat = (rng.random((ROWS, columns), dtype=np.float32) for columns in (8, 2))
    npz.write(folder / "large.npz", Embedding(names=names, Z=Z, map=flat, provenance=embedding.provenance))
    assert features.provenance is not None
    for index in range(FILES):
        provenance = attrs.evolve(features.provenance, identity={"number": index})
        npz.write(folder / f"full_features_{index}.npz", attrs.evolve(features, provenance=provenance))


def measure(folder: Path) -> None:
    """Print time and memory; mapped pages, which the system may take back, are not counted."""
    print("| step | seconds | memory, MB more |\n|---|---|---|")
    dataset = FolderDataset(folder)
    entries = row(f"listing {FILES + 1} files", dataset.entries)
    (large,) = (entry for entry in entries if entry.kind == "embedding")
    row(f"opening {large.shape[0]:,} x {large.shape[1]}", lambda: dataset.load(large))


def row(step: str, work: Callable[[], T]) -> T:
    """Do the work and print its row."""
    before, start = memory(), time.perf_counter()
    done = work()
    seconds = time.perf_counter() - start
    print(f"| {step} | {seconds:.3f} | {memory() - before:.1f} |", flush=True)
    return done


def memory() -> float:
    """Return the memory of this process without mapped files, in MB."""
    status = Path("/proc/self/status")
    match = re.search(r"RssAnon:\s+(\d+)", status.read_text()) if status.exists() else None
    return int(match[1]) / 1e3 if match else float("nan")


def kill(path: Path, kills: int) -> None:
    """Kill a process that saves one file after the other, and print what is there each time."""
    counts: Counter[str] = Counter()
    halves, rng = 0, np.random.default_rng(0)
    for number in range(kills):
        before = path.stat().st_ino if path.exists() else None
        saving = os.fork()
        if not saving:
            save(path, number)
        time.sleep(rng.uniform(0, 0.1))
        os.kill(saving, signal.SIGKILL)
        os.waitpid(saving, 0)
        counts[describe_leftover(path, before)] += 1
        for half in path.parent.glob(".*.tmp"):
            halves += 1
            half.unlink()
    print(f"\n{kills} kills while saving, {halves} of them in the middle of a file: {dict(counts)}")


def save(path: Path, number: int) -> NoReturn:
    """Write files without an end, each full of a number of its own."""
    (features, *_) = tiny_tables(["a.png", "b.png", "c.png"])
    for step in count(1):
        X = np.full((3, 300_000), 1000 * number + step, dtype=np.float32)
        npz.write(path, Features(names=features.names, X=X, provenance=features.provenance))
    raise AssertionError("it is killed before")


def describe_leftover(path: Path, before: int | None) -> str:
    """Say what a kill has left: the old file, a new one, or a damaged one."""
    if not path.exists():
        return "none yet" if before is None else "lost"
    try:
        table = npz.read(path)
    except CoveyError:
        return "damaged"
    assert isinstance(table, Features)
    if len(np.unique(table.X)) > 1:
        return "mixed"
    return "old" if path.stat().st_ino == before else "new"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(Path(sys.argv[2]))
    else:
        main(*map(int, sys.argv[1:2]))
