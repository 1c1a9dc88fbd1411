"""The engine `dask`: real schedulers and workers on this machine, and what a person reads when something is wrong."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest
from distributed import Nanny, Scheduler, SpecCluster
from PIL import Image
from tests.fixture_types import Cli

import covey as covey_api
from covey import CoveyError

pytestmark = pytest.mark.usefixtures("fragile")

DASK = ("--engine", "dask")
QUICK = ("--extractor", "fragile", "--reducer", "pca", "--clusterer", "kmeans", "--set", "reducer.sizes=2")
PRELOADS = {
    "old": "from covey import _version; _version.__version__ = '0.0.9'",
    "blind": """
from pathlib import Path
from covey.data.images import ImageFolder
find = ImageFolder.path
ImageFolder.path = lambda folder, name, find=find: find(ImageFolder(Path('/elsewhere')), name)
""",
}
"""What makes a worker unfit."""
SBATCH = """#!/usr/bin/env bash
{action}
echo Submitted batch job $!
"""


def set_engine(**options: object) -> list[str]:
    words = [*DASK]
    for name, value in options.items():
        words += ["--set", f"engine.{name}={value}"]
    return words


def set_mode(mode: str, marker: Path | None = None) -> list[str]:
    words = ["--set", f"extractor.mode={mode}"]
    return [*words, "--set", f"extractor.marker={marker}"] if marker else words


def read_features(folder: Path) -> bytes:
    (path,) = folder.glob("full_features_*.npz")
    return path.read_bytes()


@contextmanager
def dask_cluster(file: Path, *kinds: str) -> Iterator[None]:
    """Run a scheduler that writes its address into a file, with workers of which each is sound or one of `PRELOADS`."""
    workers = {}
    for kind in kinds:
        preload = file.with_name(f"{kind}.py")
        preload.write_text(PRELOADS.get(kind, ""), "utf-8")
        options = {"nthreads": 2, "preload": [str(preload)], "host": "127.0.0.1", "silence_logs": logging.CRITICAL}
        workers[kind] = {"cls": Nanny, "options": options}
    options = {"scheduler_file": str(file), "host": "127.0.0.1", "port": 0, "dashboard_address": "127.0.0.1:0"}
    with SpecCluster(workers, {"cls": Scheduler, "options": options}, silence_logs=logging.CRITICAL):
        yield


@pytest.fixture
def expected(calls: Path, covey: Cli, tmp_path: Path) -> bytes:
    """The features that this process alone computes."""
    assert covey("run", calls, *QUICK, "--out", tmp_path / "alone").exit_code == 0
    return read_features(tmp_path / "alone")


def test_a_worker_that_is_killed_changes_nothing(calls: Path, covey: Cli, tmp_path: Path) -> None:
    options = [*QUICK, *set_mode("once", tmp_path / "marker")]
    children = {child.pid for child in psutil.Process().children(recursive=True)}
    done = covey("run", calls, *options, *DASK, "--out", tmp_path / "two")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "marker").exists()
    assert "distributed" not in done.output
    new = [child.cmdline() for child in psutil.Process().children(recursive=True) if child.pid not in children]
    assert not [words for words in new if "resource_tracker" not in " ".join(words)]
    assert covey("run", calls, *options, "--out", tmp_path / "one").exit_code == 0
    assert read_features(tmp_path / "one") == read_features(tmp_path / "two")


def test_the_image_that_kills_every_worker_is_named(calls: Path, covey: Cli, tmp_path: Path) -> None:
    for path in sorted(calls.iterdir())[33:]:  # two batches, of 32 images and, with the white one, of two
        path.unlink()
    Image.fromarray(np.full((8, 8, 3), 255, np.uint8)).save(calls / "call_033b.png")
    done = covey("run", calls, *QUICK, *set_mode("white"), *DASK, "--out", tmp_path / "two")
    assert done.exit_code == 0, done.output
    (features,) = covey_api.open(tmp_path / "two").features()
    assert features.shape[0] == 33
    assert features.provenance is not None
    (broken,) = features.provenance.details.broken.items()
    assert broken[0] == "call_033b.png"
    assert "each process that computed it ended (a worker on 127.0.0.1 was lost)" in broken[1]


def test_without_a_scheduler_the_address_is_named(
    calls: Path, covey: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("covey_dask.worker_supply._CONNECT_S", 1)
    refused = covey("run", calls, *QUICK, *set_engine(cluster="scheduler", address="tcp://127.0.0.1:9"))
    assert "No Dask scheduler answers at tcp://127.0.0.1:9" in refused.stderr
    missing = covey("run", calls, *QUICK, *set_engine(cluster="scheduler", address=tmp_path / "none.json"))
    assert f"There is no file {tmp_path / 'none.json'}: start a scheduler" in missing.stderr
    assert "say which scheduler" in covey("run", calls, *QUICK, *set_engine(cluster="scheduler")).stderr


def test_workers_that_are_unfit_are_named_and_left_out(
    calls: Path, covey: Cli, tmp_path: Path, expected: bytes
) -> None:
    file = tmp_path / "scheduler.json"
    command = ("run", calls, *QUICK, *set_engine(cluster="scheduler", address=file), "--out", tmp_path / "many")
    with dask_cluster(file, "old"):
        assert "has covey 0.0.9, and this run has 0.1.0: install the same there." in covey(*command).stderr
    with dask_cluster(file, "blind"):
        assert f"does not see the images in {calls} (call_000.png: No such file" in covey(*command).stderr
    with dask_cluster(file, "old", "sound", "blind"):
        done = covey(*command)
    assert done.exit_code == 0, done.output
    assert read_features(tmp_path / "many") == expected


def test_a_queue_that_never_starts_a_job_ends_the_patience(
    calls: Path, covey: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_queue(tmp_path, monkeypatch, "sleep 0 &")
    refused = covey("run", calls, *QUICK, *set_engine(cluster="slurm", patience=0.03))
    assert "No worker came within 0.03 minutes: look whether jobs wait in the queue of slurm" in refused.stderr
    install_queue(tmp_path, monkeypatch, "echo invalid partition >&2; exit 1")
    refused = covey("run", calls, *QUICK, *set_engine(cluster="slurm", queue="nowhere"))
    assert "slurm refused the jobs" in refused.stderr
    assert "invalid partition" in refused.stderr
    refused = covey("run", calls, *QUICK, *set_engine(cluster="pbs"))
    assert "qsub is not on this machine" in refused.stderr


def test_jobs_of_a_queue_compute(
    calls: Path, covey: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: bytes
) -> None:
    install_queue(tmp_path, monkeypatch, f"cp $1 {tmp_path}/job; setsid bash {tmp_path}/job >/dev/null 2>&1 &")
    done = covey("run", calls, *QUICK, *set_engine(cluster="slurm", workers=1, gpu="true"), "--out", tmp_path / "jobs")
    assert done.exit_code == 0, done.output
    script = (tmp_path / "job").read_text("utf-8")
    assert "#SBATCH -t 01:00:00" in script
    assert "#SBATCH --gres=gpu:1" in script
    assert "--lifetime 3240s" in script
    assert read_features(tmp_path / "jobs") == expected


def install_queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str) -> None:
    """Put commands like those of SLURM in front of others: what is submitted becomes a process of this machine."""
    folder = tmp_path / "bin"
    folder.mkdir(exist_ok=True)
    for name, text in (("sbatch", SBATCH.format(action=action)), ("scancel", "#!/bin/sh\nkill -9 -- -$1\n")):
        (folder / name).write_text(text, "utf-8")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    monkeypatch.setenv("COVEY_HOME", str(tmp_path / "home"))


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with little space left."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(folder)]
    if os.name == "nt" or subprocess.run(mounting, capture_output=True).returncode:
        pytest.skip("only an administrator may mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_named_and_what_is_finished_is_kept(
    calls: Path, covey: Cli, full_disk: Path, expected: bytes
) -> None:
    (full_disk / "filler").write_bytes(bytes(20_000))
    command = ("run", calls, *QUICK, *set_engine(workers=1), "--out", full_disk)
    refused = covey(*command)
    assert "No space left on device" in refused.stderr
    subprocess.run(["mount", "-o", "remount,size=4m", str(full_disk)], check=True)
    assert covey(*command).exit_code == 0
    assert read_features(full_disk) == expected


@pytest.mark.skipif(os.name == "nt", reason="sends the signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_was_ended_goes_on_with_another_engine(calls: Path, covey: Cli, tmp_path: Path, number: int) -> None:
    options = [*QUICK, *set_mode("waits", tmp_path / "marker")]
    command = [sys.executable, "-c", "from covey.commands.main import main; main()", "run", str(calls)]
    command += [*options, *DASK, "--out", str(tmp_path / "two")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 120
    while not list((tmp_path / "two").rglob("features/*/*.npz")) and time.monotonic() < deadline:
        assert run.poll() is None, run.stderr and run.stderr.read()
        time.sleep(0.05)
    workers = psutil.Process(run.pid).children(recursive=True)
    os.killpg(run.pid, number) if number == signal.SIGINT else run.kill()
    _, errors = run.communicate(timeout=120)
    assert "Traceback" not in errors
    assert number == signal.SIGKILL or errors.endswith("from there.\n")
    assert not psutil.wait_procs(workers, timeout=120)[1]
    (tmp_path / "marker").touch()
    resumed = covey("run", calls, *options, "--engine", "processes", "--out", tmp_path / "two")
    assert "going on where an earlier run stopped" in resumed.output
    assert covey("run", calls, *options, "--out", tmp_path / "one").exit_code == 0
    assert read_features(tmp_path / "one") == read_features(tmp_path / "two")


@pytest.mark.skipif(os.name == "nt", reason="sends the signals of POSIX")
def test_an_interrupt_does_not_reach_a_worker_that_starts() -> None:
    from covey_dask import Dask
    from covey_dask.worker_supply import open_supply

    earlier = set(psutil.Process().children(recursive=True))
    with open_supply(Dask(workers=1)) as supply:
        deadline = time.monotonic() + 120
        started: list[psutil.Process] = []
        while not started and time.monotonic() < deadline:
            supply.list_addresses()
            children = set(psutil.Process().children(recursive=True)) - earlier
            started = [child for child in children if "spawn_main" in " ".join(child.cmdline())]
        for worker in started:
            worker.send_signal(signal.SIGINT)
        while not supply.list_addresses() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert started
        assert all(worker.is_running() for worker in started)


@pytest.mark.parametrize("walltime", ["90 minutes", "1:2", "", "01:99:00"])
def test_a_walltime_that_no_queue_takes_is_an_error(walltime: str) -> None:
    from covey_dask import Dask

    with pytest.raises(CoveyError, match="walltime must look like 02:30:00"):
        Dask(cluster="slurm", walltime=walltime)
    assert Dask(cluster="slurm", walltime="1-02:03:04").walltime_s == 93784


def test_a_finished_run_does_not_fail_because_workers_end_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    from covey_dask.worker_supply import close_after

    def close(cluster: SpecCluster) -> None:
        closed.append(cluster)
        raise TimeoutError

    closed: list[SpecCluster] = []
    monkeypatch.setattr(SpecCluster, "close", close)
    cluster = object.__new__(SpecCluster)
    with close_after(cluster):
        assert not closed
    assert closed == [cluster]
