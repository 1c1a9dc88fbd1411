"""Long checks, run by hand once an issue: endurance.py [--seed N] [--kills N] [--files N] [--recordings N]

Kills: a process that saves an NPZ file, labels or the catalogue of images in a loop is killed (SIGKILL) at a random
moment; the file must hold the old or the new state. Files: damaged and hostile files of nine kinds must each give a
right answer or one CoveyError; nothing in them may run, canaries must survive, and memory must stay bounded.
Recordings: a xeno-canto on loopback with which something goes wrong for half of the recordings; `covey fetch` is killed
at ten moments and must end with the same folder as one that is not. Needs a POSIX system.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import TypedDict

import numpy as np

from covey import Features
from covey._base import csvs
from covey._base.digests import hash_file
from covey.data.catalogue.catalogue import Catalogue
from covey.data.folder import FolderDataset
from covey.data.formats import npz
from covey.data.images import ImageFolder
from covey.labelling import open_labels, open_labels_read_only
from covey.testing import tiny_images

SHORT = ("--kills", "30", "--files", "300", "--recordings", "0")

ROOT = Path(__file__).parents[2]
NAMES = [f"image_{number:03}.png" for number in range(200)]
LONGEST_LIFE_S = 0.05
"""Seconds after its first write at which a process is killed at the latest."""
MOST_MEMORY_MB = 100


class FuzzReport(TypedDict):
    """What tests.core.fuzz prints."""

    outcomes: dict[str, dict[str, int]]
    events: list[str]
    memory_mb: dict[str, float]
    unchanged: bool
    faults: dict[str, str]


def kill_while(write_for_ever: Callable[[int], None], life_s: float) -> None:
    """Run a function in a process of its own, which says on a pipe when it begins, and kill it after `life_s`."""
    reader, writer = os.pipe()
    process = os.fork()
    if not process:
        try:
            write_for_ever(writer)
        finally:
            os._exit(1)
    os.close(writer)
    os.read(reader, 1)
    time.sleep(life_s)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    os.close(reader)


def save_tables(path: Path, start: int, writer: int) -> None:
    """Save a table whose values are all one number, then the next number, and so on."""
    for number in count(start):
        X = np.full((len(NAMES), 1000), number, dtype=np.float32)
        npz.write(path, Features(names=NAMES, X=X, provenance=None))
        if number == start:
            os.write(writer, b"!")


def read_number(path: Path) -> int:
    """Return the number in a table. Raises AssertionError if the table is not whole."""
    table = npz.read(path)
    assert isinstance(table, Features)
    numbers = np.unique(table.X)
    assert table.X.shape == (len(NAMES), 1000)
    assert len(numbers) == 1, f"the table holds {numbers}"
    return int(numbers[0])


def kill_saving_tables(folder: Path, rng: random.Random, kills: int) -> Counter[str]:
    path, number, outcomes = folder / "table.npz", 0, Counter[str]()
    for _ in range(kills):
        start = number + 1
        kill_while(partial(save_tables, path, start), rng.uniform(0, LONGEST_LIFE_S))
        number = read_number(path)
        assert number >= start, f"the table holds {number}, which is older than {start}"
        outcomes["whole"] += 1
        leftovers = [file for file in folder.iterdir() if file != path]
        outcomes["with a temporary file beside it"] += bool(leftovers)
        for file in leftovers:
            file.unlink()
    return outcomes


def change_labels(folder: Path, writer: int) -> None:
    """Give all images a class, take it away again, and so on, each in one action."""
    store = open_labels(FolderDataset(folder))
    for number in count():
        store.add(NAMES, "robin") or store.remove(NAMES, "robin")
        if not number:
            os.write(writer, b"!")


def kill_labelling(folder: Path, rng: random.Random, kills: int) -> Counter[str]:
    outcomes = Counter[str]()
    dataset = FolderDataset(folder)
    for _ in range(kills):
        kill_while(partial(change_labels, folder), rng.uniform(0, LONGEST_LIFE_S))
        labelled = len(open_labels_read_only(dataset).rows())
        assert labelled in (0, len(NAMES)), f"{labelled} of {len(NAMES)} images have their label"
        before = open_labels(dataset).rows()
        open_labels(dataset).undo()
        assert len(open_labels(dataset).rows()) == len(NAMES) - labelled, "the history does not fit the labels"
        open_labels(dataset).redo()
        assert open_labels(dataset).rows() == before
        outcomes["labelled" if labelled else "not labelled"] += 1
    return outcomes


def refresh_catalogue_for_ever(folder: Path, writer: int) -> None:
    """Read all images again and again, and write down what they contain."""
    catalogue = Catalogue(ImageFolder(folder / "images", folder / ".covey"))
    for number in count():
        catalogue.refresh(check=True)
        if not number:
            os.write(writer, b"!")


def kill_cataloguing(folder: Path, rng: random.Random, kills: int) -> Counter[str]:
    outcomes, images = Counter[str](), tiny_images(folder / "images", 12)
    contents = {name: hash_file(images.path(name)) for name in images.names()}
    catalogue = Catalogue(ImageFolder(folder / "images", folder / ".covey"))
    for _ in range(kills):
        kill_while(partial(refresh_catalogue_for_ever, folder), rng.uniform(0, LONGEST_LIFE_S))
        assert {file.name: file.content for file in catalogue.files()} == contents
        assert catalogue.refresh().total == len(contents)
        outcomes["whole"] += 1
    return outcomes


@contextmanager
def serve_recordings(count: int) -> Iterator[dict[str, str]]:
    """Serve invented recordings in a process of its own; yield what covey needs in its environment."""
    command = [sys.executable, "-m", "tests.xenocanto_server", "--port", "0", "--pace", "0", "--faults", "0.5"]
    words = [*command, "--seconds", "1", "--recordings", str(count)]
    server = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=run_environment())
    assert server.stdout is not None
    lines = [server.stdout.readline() for _ in range(2)]
    try:
        yield dict(line.removeprefix("export ").strip().split("=", 1) for line in lines)
    finally:
        server.kill()
        server.communicate()


def run_environment() -> dict[str, str]:
    """Return the environment of this process, with the modules that it knows and the tests."""
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}


def start_fetch(folder: Path, service: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start `covey fetch` of all recordings into a folder."""
    words = ["fetch", "xeno-canto", "gen:Parus", str(folder), "--licence", "any", "--set", "pace=0.01"]
    command = [sys.executable, "-c", "from covey.commands.main import main; main()", *words]
    environment = run_environment() | service | {"COVEY_HOME": str(folder / "home")}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def describe_recordings(folder: Path) -> dict[str, str]:
    """Return the rows of the metadata, and the SHA-256 of each recording, by name."""
    rows = csvs.read_csv_rows(folder / "metadata.csv", "metadata")
    recordings = {path.name: hash_file(path) for path in (folder / "recordings").iterdir()}
    return {**{row[0]: "\t".join(row) for _, row in rows}, **recordings}


def kill_fetching(folder: Path, rng: random.Random, count: int, kills: int = 10) -> Counter[str]:
    outcomes, started_s = Counter[str](), time.monotonic()
    with serve_recordings(count) as service:
        assert start_fetch(folder / "whole", service).wait() == 0
    duration_s = time.monotonic() - started_s
    with serve_recordings(count) as service:
        for _ in range(kills):
            process = start_fetch(folder / "killed", service)
            try:
                process.wait(rng.uniform(1, 1.6 * duration_s / kills))
            except subprocess.TimeoutExpired:
                process.kill()
            outcomes["killed" if process.wait() == -signal.SIGKILL else "ended before"] += 1
        assert start_fetch(folder / "killed", service).wait() == 0
    whole, killed = describe_recordings(folder / "whole"), describe_recordings(folder / "killed")
    assert len(whole) == 2 * count + 1, f"{len(whole)} rows and recordings, but {count} recordings were served"
    differing = {name for name in {*whole, *killed} if whole.get(name) != killed.get(name)}
    assert not differing, f"these differ: {sorted(differing)[:10]}"
    outcomes[f"equal folders of {count} recordings"] += 1
    return outcomes


def read_damaged_files(folder: Path, seed: int, files: int) -> FuzzReport:
    """Run tests.core.fuzz in a process of its own."""
    environment = run_environment() | {"COVEY_HOME": str(folder.with_name("home"))}
    command = [sys.executable, "-W", "ignore", "-m", "tests.core.fuzz", str(seed), str(files)]
    output = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=folder, env=environment).stdout
    report: FuzzReport = json.loads(output)
    return report


def print_report(report: FuzzReport) -> bool:
    """Print a row for each kind of file; return whether all went well."""
    print(f"{'kind':<12}{'files':>8}{'refused':>9}{'read':>8}{'MB more':>9}  faults")
    for kind, counts in report["outcomes"].items():
        refused = sum(number for name, number in counts.items() if name.endswith("refused"))
        files = sum(counts.values())
        fault = report["faults"].get(kind, "")
        memory, verdict = report["memory_mb"][kind], "see below" if fault else "none"
        print(f"{kind:<12}{files:>8,}{refused:>9,}{files - refused:>8,}{memory:>9,.0f}  {verdict}")
    print(f"events that run something: {len(report['events'])}; canaries unchanged: {report['unchanged']}")
    print(*report["events"][:10], *report["faults"].values(), sep="\n", end="")
    is_bounded = max(report["memory_mb"].values()) < MOST_MEMORY_MB
    return is_bounded and report["unchanged"] and not report["events"] and not report["faults"]


def main() -> None:
    """Run both checks; the exit status is 1 if one fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--recordings", type=int, default=1000)
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        folders = {name: Path(temporary) / name for name in ("tables", "labels", "catalogue", "recordings", "files")}
        for folder in folders.values():
            folder.mkdir()
        rng = random.Random(arguments.seed)
        kills = arguments.kills // 3
        for what, kill in (("tables", kill_saving_tables), ("labels", kill_labelling), ("catalogue", kill_cataloguing)):
            print(f"{kills} kills while {what} are written: {dict(kill(folders[what], rng, kills))}", flush=True)
        if arguments.recordings:
            outcomes = kill_fetching(folders["recordings"], rng, arguments.recordings)
            print(f"fetching: {dict(outcomes)}", flush=True)
        report = read_damaged_files(folders["files"], arguments.seed, arguments.files)
    sys.exit(0 if print_report(report) else 1)


if __name__ == "__main__":
    main()
