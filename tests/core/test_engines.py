"""Engines: whatever computes the batches, the features are the same, and a worker that ends costs no other image."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TypeVar

import attrs
import numpy as np
import psutil
import pytest
from PIL import Image
from tests.fixture_types import Cli

import covey as covey_api
from covey import CoveyError, component, option
from covey._base.progress import Step
from covey.components.engine_contract import Done, Engine, ItemQueue, UnfitWorker, Work
from covey.components.kinds import Kind
from covey.data.catalogue.image_scan import ImageScan
from covey.data.images import ImageFolder
from covey.engines import engine_reader
from covey.engines.local import Local
from covey.engines.lost_items import compute_items
from covey.engines.processes import Processes
from covey.experiments.experiment import build_engine, from_flags, read_experiment
from covey.experiments.jobs import command_words, to_toml
from covey.plugins.registry import Registry
from covey.testing import check_engine

T = TypeVar("T")
R = TypeVar("R")

QUICK = ("--extractor", "fragile", "--reducer", "pca", "--clusterer", "kmeans", "--set", "reducer.sizes=2")
TWO = ("--engine", "processes")


pytestmark = pytest.mark.usefixtures("fragile")


@pytest.fixture
def white(calls: Path) -> str:
    """An image at which the extractor can end its process."""
    Image.fromarray(np.full((8, 8, 3), 255, np.uint8)).save(calls / "call_050b.png")
    return "call_050b.png"


def set_mode(mode: str) -> tuple[str, str]:
    return "--set", f"extractor.mode={mode}"


def read_features(folder: Path) -> bytes:
    (path,) = folder.glob("full_features_*.npz")
    return path.read_bytes()


def wait_until_gone(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=120)
    assert not alive


@attrs.frozen
class Square(Work[int, int]):
    """Squares numbers."""

    def start(self):  # type: ignore[no-untyped-def]
        return lambda number: number * number


def test_processes_give_the_bytes_of_one_process(calls: Path, covey: Cli, tmp_path: Path) -> None:
    for engine, out in ((), "one"), (TWO, "two"):
        done = covey("run", calls, *QUICK, *engine, "--out", tmp_path / out)
        assert done.exit_code == 0, done.output
    assert read_features(tmp_path / "one") == read_features(tmp_path / "two")


def test_batches_of_a_worker_that_is_killed_are_computed_again(calls: Path, covey: Cli, tmp_path: Path) -> None:
    options = (*set_mode("once"), "--set", f"extractor.marker={tmp_path / 'marker'}")
    done = covey("run", calls, *QUICK, *options, *TWO, "--out", tmp_path / "two")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "marker").exists()
    assert covey("run", calls, *QUICK, *options, "--out", tmp_path / "one").exit_code == 0
    assert read_features(tmp_path / "one") == read_features(tmp_path / "two")


def test_the_image_that_ends_workers_is_named_and_no_other_is_lost(
    calls: Path, white: str, covey: Cli, tmp_path: Path
) -> None:
    for path in sorted(calls.iterdir())[40:]:  # one batch and a few images
        if path.name != white:
            path.unlink()
    done = covey("run", calls, *QUICK, *set_mode("white"), *TWO, "--out", tmp_path / "two")
    assert done.exit_code == 0, done.output
    (features,) = covey_api.open(tmp_path / "two").features()
    assert features.shape[0] == 40
    assert features.provenance is not None
    assert list(features.provenance.details.broken) == [white]
    assert "each process that computed it ended (exit code 3)" in features.provenance.details.broken[white]


def test_an_extractor_that_ends_every_worker_is_an_error(calls: Path, covey: Cli, tmp_path: Path) -> None:
    for path in sorted(calls.iterdir())[4:]:
        path.unlink()
    done = covey("run", calls, *QUICK, *set_mode("always"), *TWO, "--out", tmp_path / "two")
    assert done.exit_code == 2
    assert "Each worker ended at each of 4 images (exit code 3): the extractor fragile does not work" in done.stderr


def test_a_worker_that_cannot_start_is_an_error(calls: Path, covey: Cli, tmp_path: Path) -> None:
    done = covey("run", calls, *QUICK, *set_mode("load"), *TWO, "--out", tmp_path / "two")
    assert "A process ended before it could compute anything (exit code 3): use the engine local" in done.stderr


def test_an_exception_in_a_worker_is_that_of_the_extractor(calls: Path, covey: Cli, tmp_path: Path) -> None:
    done = covey("run", calls, *QUICK, *set_mode("raise"), *TWO, "--out", tmp_path / "two")
    assert done.exit_code == 2
    assert "ValueError: tensor sizes differ" in done.stderr


@pytest.fixture
def running(calls: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A run in two processes that has computed at least one batch, and waits with the others for the marker."""
    marker = tmp_path / "marker"
    command = [
        sys.executable,
        "-c",
        "from covey.commands.main import main; main()",
        "run",
        str(calls),
        *QUICK,
        *set_mode("waits"),
        *TWO,
    ]
    command += ["--set", f"extractor.marker={marker}", "--out", str(tmp_path / "two")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 120
    while not list((tmp_path / "two").rglob("features/*/*.npz")) and time.monotonic() < deadline:
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.05)
    yield process
    process.kill()
    process.communicate()


@pytest.mark.skipif(os.name == "nt", reason="sends the signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_what_was_computed_before_an_interruption_stays_and_no_worker_does(
    running: subprocess.Popen[str], number: int, calls: Path, covey: Cli, tmp_path: Path
) -> None:
    workers = psutil.Process(running.pid).children(recursive=True)
    assert len(workers) >= 2
    if number == signal.SIGINT:
        os.killpg(running.pid, number)  # as a terminal does
    else:
        running.kill()
    _, errors = running.communicate(timeout=120)
    assert "Traceback" not in errors
    wait_until_gone(workers)
    (tmp_path / "marker").touch()
    options = (*QUICK, *set_mode("waits"), "--set", f"extractor.marker={tmp_path / 'marker'}")
    resumed = covey("run", calls, *options, "--out", tmp_path / "two")
    assert "going on where an earlier run stopped" in resumed.output
    assert covey("run", calls, *options, "--out", tmp_path / "one").exit_code == 0
    assert read_features(tmp_path / "one") == read_features(tmp_path / "two")


def test_the_engine_is_named_in_a_file_by_flags_or_both(calls: Path, covey: Cli, tmp_path: Path) -> None:
    registry = Registry.installed()
    experiment = from_flags(str(calls), None, {Kind.ENGINE: ["processes"]}, ["engine.workers=3"], registry)
    assert experiment.engine == Processes(workers=3)
    path = tmp_path / "covey.toml"
    path.write_text(to_toml(experiment, registry), "utf-8")
    assert read_experiment(path, registry) == experiment
    words = command_words(experiment, registry)
    assert words is not None
    assert words[-4:] == ["--engine", "processes", "--set", "engine.workers=3"]
    path.write_text('dataset = "."\n[engine]\nuse = "processes"\n', "utf-8")
    assert read_experiment(path, registry).engine == Processes()
    assert build_engine("processes", ["engine.workers=1"], registry) == Processes(workers=1)
    assert from_flags(str(calls), None, {}, [], registry).engine == Local()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[engine]\nuse = "processes"\nworkers = [1, 2]', "line 2: a run has one engine"),
        ('[engine]\nuse = "process"', "line 3: There is no engine 'process'. Did you mean 'processes'?"),
        ('[engine]\nuse = "processes"\nworkers = 0', "line 4: processes: option 'workers' must be a whole number"),
        ('[engine]\nuse = "local"\nworkers = 2', "line 4: local: there is no option 'workers'. It has no options."),
    ],
)
def test_wrong_engines_are_named_with_their_line(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "covey.toml"
    path.write_text(f'dataset = "."\n{text}\n', "utf-8")
    with pytest.raises(CoveyError) as caught:
        read_experiment(path, Registry.installed())
    assert message in str(caught.value)


def test_flags_choose_another_engine_than_the_file(calls: Path, covey: Cli, tmp_path: Path) -> None:
    path = calls.parent / "covey.toml"
    lines = ['dataset = "' + calls.name + '"', "[[extractor]]", 'use = "fragile"', "[[reducer]]", 'use = "pca"']
    path.write_text("\n".join([*lines, "[[clusterer]]", 'use = "kmeans"']), "utf-8")
    wrong = covey("run", path, "--engine", "processes", "--set", "engine.workers=0")
    assert "--set engine.workers: processes: option 'workers' must be a whole number at least 1" in wrong.stderr
    assert covey("run", path, "--engine", "processes").exit_code == 0


def test_an_engine_with_nothing_to_do_is_an_error(calls: Path, covey: Cli) -> None:
    assert covey("run", calls, *QUICK).exit_code == 0
    (features,) = calls.glob("full_features_*.npz")
    refused = covey("run", calls, "--features", features, *QUICK[2:], *TWO)
    assert "The engine processes has no effect in this run, because nothing is extracted or placed" in refused.stderr
    sampled = covey("run", calls, "--features", features, *QUICK[2:], *TWO, "--set", "reducer.sample=60")
    assert sampled.exit_code == 0, sampled.output


@component
class CountingProcesses(Processes):
    """Counts what its processes compute."""

    name = "counting"

    def map(self, work: Work[T, R], items: ItemQueue[T], progress: Step) -> Generator[Done[R], None, None]:
        for done in super().map(work, items, progress):
            counted.append(done.number)
            yield done


counted: list[int] = []


def test_an_engine_reads_very_many_images_as_this_process_does(monkeypatch: pytest.MonkeyPatch, calls: Path) -> None:
    monkeypatch.setattr(engine_reader, "AT_ONCE", 7)
    (calls / "broken.png").write_bytes(b"no picture")
    (stamps_of_images,) = ImageScan(calls).portions()
    reader, progress = engine_reader.EngineReader(CountingProcesses()), Step()
    counted.clear()
    here = list(reader(ImageFolder(calls), *stamps_of_images, progress))
    assert not counted
    monkeypatch.setattr(engine_reader, "MANY", 100)
    assert list(reader(ImageFolder(calls), *stamps_of_images, progress)) == here
    assert sorted(counted) == list(range(15))
    assert len(here) == 101
    assert any(file.problem for file in here)


def test_a_run_lets_its_engine_read_images(monkeypatch: pytest.MonkeyPatch, calls: Path, covey: Cli) -> None:
    monkeypatch.setattr(engine_reader, "MANY", 100)
    monkeypatch.setattr("covey.engines.engine_reader.read_images", None)
    assert covey("run", calls, *QUICK, *TWO).exit_code == 0


def test_a_worker_that_does_not_see_the_images_reads_none(calls: Path) -> None:
    work = engine_reader.ReadingWork(ImageFolder(calls), "elsewhere.png")
    with pytest.raises(UnfitWorker, match=r"does not see the images in .*elsewhere.png"):
        work.start()


def test_a_worker_has_two_items_at_most(tmp_path: Path) -> None:
    taken: list[int] = []

    def count_up() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    outcomes = Processes(workers=1).map(Square(), ItemQueue(count_up()), Step())
    assert next(outcomes).output == 0
    assert len(taken) <= 3
    outcomes.close()


@component
class Broken(Engine):
    """This process, with one fault."""

    name = "broken"
    isolates = False
    fault: str = option(default="", help="What is wrong.")

    def map(self, work: Work[T, R], items: ItemQueue[T], progress: Step) -> Generator[Done[R], None, None]:
        if self.fault == "greedy":
            items = ItemQueue(list(items))
        if self.fault == "prints":
            print("computing")
        if self.fault == "more":
            yield Done(0, None, "it was never there")
        try:
            for done in self._inner().map(work, items, progress):
                if self.fault == "numbers":
                    yield Done(11 - done.number, done.output)
                elif not (self.fault == "loses" and done.number == 3) and not (self.fault == "lost" and done.lost):
                    yield done
        except ArithmeticError as error:
            if self.fault == "wraps":
                raise RuntimeError("the engine failed") from error
            if self.fault != "swallows":
                raise
        except UnfitWorker:
            if self.fault != "unfit":
                raise
            yield from (Done(number, None, "it does not start") for number, _ in enumerate(items))

    def _inner(self) -> Engine:
        return Local()


def test_items_that_an_engine_forgets_are_an_error() -> None:
    with pytest.raises(CoveyError, match="The engine broken ended although batches were left"):
        list(compute_items(Broken(fault="loses"), Square(), 5, int, Step()))


@component
class Losing(Broken):
    """A process that is lost silently."""

    name = "losing"
    isolates = True

    def _inner(self) -> Engine:
        return Processes(workers=1)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("loses", "map must yield each item once"),
        ("numbers", "map must yield what the work gives for the item of that number"),
        ("more", "map must yield each item once"),
        ("greedy", "a worker has two items at most, but 10,000 were taken before one was done"),
        ("wraps", "an exception of the work must be raised as it is, not as RuntimeError: the engine failed"),
        ("swallows", "an exception of the work must be raised"),
        ("unfit", "where no worker is fit, CoveyError must be raised, not [Done(number=0"),
        ("lost", "lost items must be yielded too, and items that come back be computed"),
        ("prints", "nothing may be printed to standard output, not 'computing'"),
    ],
)
def test_a_broken_engine_is_reported(fault: str, sentence: str) -> None:
    with pytest.raises(AssertionError) as caught:
        check_engine(Losing if fault == "lost" else Broken, fault=fault)
    assert sentence in str(caught.value)
