"""Read many damaged and hostile files and report as JSON how each kind fared: python -m tests.core.fuzz SEED COUNT.

Runs in the current folder, which must be empty. The interpreter itself reports whatever is imported, compiled or
started meanwhile; a folder of canaries must stay as it is.
"""

from __future__ import annotations

import codecs
import hashlib
import json
import random
import re
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.core.fuzz_archives import fuzz_mapped_npz, fuzz_npz, fuzz_pickles
from tests.core.fuzz_formats import fuzz_flac, fuzz_labels, fuzz_parquet, fuzz_provenance, fuzz_toml, fuzz_wav

Fuzz = Callable[[Path, random.Random, int], Iterator[str]]
PARTS: dict[str, tuple[Fuzz, float]] = {
    "NPZ": (fuzz_npz, 0.25),
    "mapped NPZ": (fuzz_mapped_npz, 0.02),
    "pickle": (fuzz_pickles, 0.18),
    "SQLite": (fuzz_labels, 0.1),
    "WAV": (fuzz_wav, 0.1),
    "FLAC": (fuzz_flac, 0.1),
    "Parquet": (fuzz_parquet, 0.09),
    "JSON": (fuzz_provenance, 0.08),
    "TOML": (fuzz_toml, 0.08),
}
"""Each kind of file, and its share of all files."""
WARM_UP = 10
"""Files of each kind that are read before the watch begins, so that imports of our own are done."""
RUNNING = {"exec", "compile", "import", "pickle.find_class", "os.system", "os.exec", "os.fork", "os.posix_spawn"}
RUNNING |= {"os.spawn", "subprocess.Popen", "ctypes.dlopen", "socket.__new__"}
HARMLESS = {("typing", "compile"), ("typing", "exec"), ("ast", "compile")}
"""Python evaluates the annotations of our own classes, and NumPy parses headers as literals, which runs nothing."""


class Watch:
    """Records what the interpreter imports, compiles or starts while `kind` is set."""

    def __init__(self) -> None:
        self.kind = ""
        self.events: list[str] = []
        codecs.lookup("raw_unicode_escape")  # which Python imports when it is needed
        sys.addaudithook(self._record)

    def _record(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self.kind or event not in RUNNING:
            return
        if (sys._getframe(1).f_globals.get("__name__"), event) not in HARMLESS:
            self.events.append(f"{self.kind}: {event} {arguments}"[:200])


def peak_memory_mb() -> float:
    """Return the peak memory of this process in MB; 0 where the system does not tell it."""
    status = Path("/proc/self/status")
    match = re.search(r"VmHWM:\s+(\d+)", status.read_text()) if status.exists() else None
    return int(match[1]) / 1e3 if match else 0


def fingerprint(folder: Path) -> str:
    """Return a hash of the names and contents in a folder."""
    files = [(path.name, path.read_bytes() if path.is_file() else b"") for path in sorted(folder.rglob("*"))]
    return hashlib.sha256(repr(files).encode()).hexdigest()


def main(seed: int, count: int) -> None:
    """Print as JSON: outcomes, events of the interpreter, memory in MB, whether the canaries lived, tracebacks."""
    canary = Path("canary")
    canary.mkdir()
    (canary / "victim").write_text("three years of work")
    before = fingerprint(canary)
    watch = Watch()
    outcomes: dict[str, Counter[str]] = {}
    memory: dict[str, float] = {}
    faults: dict[str, str] = {}
    for kind, (fuzz, share) in PARTS.items():
        rng = random.Random(f"{seed} {kind}")
        warm_up, work = Path("work").absolute() / f"warm up {kind}", Path("work").absolute() / kind
        warm_up.mkdir(parents=True)
        work.mkdir()
        list(fuzz(warm_up, rng, WARM_UP))
        baseline = peak_memory_mb()
        watch.kind = kind
        outcomes[kind] = Counter()
        try:
            outcomes[kind].update(fuzz(work, rng, round(count * share)))
        except Exception:  # the other kinds are still tried
            faults[kind] = traceback.format_exc()[-3000:]
        watch.kind = ""
        memory[kind] = peak_memory_mb() - baseline
    names = sorted(path.name for path in Path.cwd().iterdir())
    unchanged = fingerprint(canary) == before and names == ["canary", "work"]
    print(
        json.dumps(
            {
                "outcomes": outcomes,
                "events": watch.events,
                "memory_mb": memory,
                "unchanged": unchanged,
                "faults": faults,
            }
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
