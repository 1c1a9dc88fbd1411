"""Jobs: runs in a process of their own, told of by their folders alone."""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import attrs
import pytest
from tests.fixture_types import Cli, Distribution
from tests.plugins.kaggle_server import KaggleServer

from covey import CoveyError, Dataset, Runtime
from covey._base.run_lock import hold_run_lock
from covey._base.user_folders import user_data_folder
from covey.components.kinds import Kind
from covey.experiments.experiment import Experiment, from_flags, read_experiment
from covey.experiments.jobs import Job, command_words, list_jobs, start_job, to_toml
from covey.experiments.jobs.started_process import find_process, remember_process
from covey.experiments.pipeline import work_folder
from covey.plugins.locations import open_dataset
from covey.plugins.registry import Registry

not_windows = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


def described(folder: Path | str, *settings: str) -> tuple[Experiment, Dataset, Registry]:
    registry = Registry.installed()
    names = {Kind.EXTRACTOR: ["slow"], Kind.REDUCER: ["cut"], Kind.CLUSTERER: ["above"]}
    experiment = from_flags(str(folder), None, names, ["reducer.sizes=2", *settings], registry)
    return experiment, open_dataset(registry, str(folder)), registry


def until(reached: Callable[[], object], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.02)


def ended(job: Job) -> str:
    until(lambda: job.state not in ("waiting", "running"))
    return job.state


def at_work(job: Job) -> bool:
    return bool(job.stage and job.stage.title == "Extracting features" and job.stage.done > 0)


pytestmark = pytest.mark.usefixtures("slow")


def test_a_job_does_what_covey_run_does(covey: Cli, calls: Path) -> None:
    first = start_job(*described(calls, "clusterer.eps=0.3,0.4"))
    assert ended(first) == "done"
    assert first.message == "4 tables made, 0 kept from before."
    assert [job.folder for job in list_jobs(described(calls)[1])] == [first.folder]
    assert first.components == ["slow", "cut", "above", "above"]
    exported = (calls / "clusters.csv").read_bytes()
    done = covey("run", first.experiment_file)
    assert "0 tables made, 4 kept from before." in done.stdout
    assert (calls / "clusters.csv").read_bytes() == exported
    assert "Extracting features: 100 images" in first.log


def test_cancelled_and_started_again_it_goes_on(calls: Path, gate: Path) -> None:
    description = described(calls, f"extractor.gate={gate}")
    first = start_job(*description)
    until(lambda: at_work(first))
    seen = Job(first.folder)  # as another program sees it
    assert seen.state == "running"
    assert seen.stage
    assert (seen.stage.total, seen.stage.unit, seen.stage.share) == (100, "image", 0.32)
    seen.cancel()
    assert (first.state, first.message[:10]) == ("cancelled", "Cancelled.")
    assert list(calls.glob("*.npz")) == []
    gate.touch()
    again = start_job(*description)
    assert ended(again) == "done"
    assert "going on where an earlier run stopped, 32 of 100 images are done" in again.log
    assert [job.folder for job in list_jobs(description[1])][-1] == first.folder


@not_windows
def test_it_outlives_what_started_it_and_its_interruption(calls: Path, gate: Path) -> None:
    code = (
        "import sys, time; sys.path.insert(0, sys.argv[1]); from tests.core.test_jobs import described, start_job\n"
        "print(start_job(*described(*sys.argv[2:])).folder, flush=True); time.sleep(60)"
    )
    words = [sys.executable, "-c", code, str(Path(__file__).parents[2]), str(calls), f"extractor.gate={gate}"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True) as starter:
        assert starter.stdout
        job = Job(Path(starter.stdout.readline().strip()))
        until(lambda: at_work(job))
        os.killpg(starter.pid, signal.SIGKILL)
    assert job.state == "running"
    gate.touch()
    assert ended(job) == "done"


@not_windows
def test_one_that_does_not_listen_is_ended_by_force(calls: Path, gate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = start_job(*described(calls, f"extractor.gate={gate}", "extractor.breaks=deaf"))
    until(lambda: at_work(job))
    monkeypatch.setattr("covey.experiments.jobs.job.ENDING", 0.3)
    job.cancel()
    assert job.state == "cancelled"
    assert ended(start_job(*described(calls))) == "done"


def test_two_at_once_on_a_dataset_are_refused_in_a_sentence(calls: Path) -> None:
    description = described(calls)
    with hold_run_lock(work_folder(description[1]) / "lock"):
        job = start_job(*description)
        assert ended(job) == "failed"
    assert job.message.startswith("Another run is at work there")


@pytest.mark.parametrize(
    ("breaks", "message"),
    [
        ("error", "slow of covey-slow 1.0 failed in load (ZeroDivisionError: <b>bright</b>)"),
        ("exit", "SystemExit: 3."),
        ("kill", "The run ended"),
    ],
)
def test_a_run_that_breaks_says_why(calls: Path, breaks: str, message: str) -> None:
    job = start_job(*described(calls, f"extractor.breaks={breaks}"))
    assert ended(job) == "failed"
    assert job.message.startswith(message)
    if breaks != "kill":
        assert message in job.log


def test_what_was_made_is_told_where_some_fails(calls: Path) -> None:
    job = start_job(*described(calls, "reducer.sizes=2,500"))
    assert ended(job) == "failed"
    assert job.message.startswith("3 tables made, 0 kept from before. 1 could not be made:\ncut: 500 dimensions")
    assert (calls / "clusters.csv").is_file()


@not_windows
def test_a_process_that_cannot_begin_is_told(calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    description = described(calls)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    job = start_job(*description)
    assert ended(job) == "failed"
    assert job.message.startswith("The run ended without a word")


def test_only_the_process_that_holds_the_lock_is_ended(calls: Path) -> None:
    job = start_job(*described(calls))
    assert ended(job) == "done"
    (job.folder / "end.json").unlink()
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True) as second:
        (job.folder / "process.json").write_text(json.dumps({"pid": second.pid, "host": platform.node()}))
        until(lambda: job.state == "failed")  # a process that has told its end still releases the lock
        job.cancel()
        assert second.poll() is None
        (job.folder / "process.json").write_text(json.dumps({"pid": second.pid, "host": "elsewhere"}))
        (job.folder / "end.json").unlink()
        for host in ("elsewhere", platform.node()):  # whatever a stranger's folder says of the process
            (job.folder / "process.json").write_text(json.dumps({"pid": second.pid, "host": host}))
            with (
                hold_run_lock(job.lock),
                pytest.raises(CoveyError, match=f"did not start this run on this machine: .*{host}"),
            ):
                job.cancel()
        assert second.poll() is None
        second.kill()


def test_a_number_that_another_process_has_now_is_not_the_run(
    calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COVEY_HOME", str(tmp_path / "user"))
    job = start_job(*described(calls))
    assert ended(job) == "done"
    (job.folder / "end.json").unlink()
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True) as second:
        remember_process(job.folder)
        (record,) = (user_data_folder() / "jobs").iterdir()
        record.write_text(json.dumps({**json.loads(record.read_text()), "pid": second.pid}))
        assert find_process(job.folder) is None
        with hold_run_lock(job.lock), pytest.raises(CoveyError, match="did not start this run"):
            job.cancel()
        assert second.poll() is None
        second.kill()


@not_windows
@pytest.mark.parametrize("place", ["", "lock", "jobs", "jobs/20261126-120000-0123abcd/lock", "catalogue", "run.log"])
@pytest.mark.parametrize("target", ["file", "nothing", "folder", "pipe"])
def test_nothing_is_written_or_read_through_links_among_coveys_own_files(
    calls: Path, tmp_path: Path, covey: Cli, place: str, target: str
) -> None:
    notes = tmp_path / "elsewhere" / "notes"
    notes.mkdir(parents=True)
    (notes / "thesis.txt").write_text("three years of work")
    link = calls / ".covey" / place
    link.parent.mkdir(parents=True, exist_ok=True)
    if target == "pipe":
        os.mkfifo(link)
    else:
        link.symlink_to({"file": notes / "thesis.txt", "nothing": notes / "new", "folder": notes}[target])
    with pytest.raises(CoveyError, match=r"is a link or no regular file"):
        list_jobs(open_dataset(Registry.installed(), str(calls)))
    done = covey("run", str(calls))
    assert "is a link or no regular file" in done.stderr
    assert [(path.name, path.read_text()) for path in notes.iterdir()] == [("thesis.txt", "three years of work")]


def test_jobs_that_were_started_in_one_second_are_listed_in_order(calls: Path) -> None:
    description = described(calls)
    jobs = [start_job(*description) for _ in range(5)]
    assert list_jobs(description[1]) == jobs[::-1]
    for job in jobs:
        ended(job)


def test_a_lock_that_cannot_be_opened_is_held_by_nobody(calls: Path) -> None:
    job = start_job(*described(calls))
    assert ended(job) == "done"
    (job.folder / "end.json").unlink()
    job.lock.unlink(missing_ok=True)
    job.lock.mkdir()
    assert job.state == "failed"
    job.remove()
    assert not job.folder.exists()


@pytest.mark.parametrize("text", ["", "[]", '{"state": ["done"]}', '{"title": 1}', "\ud800".encode("utf-8", "replace")])
def test_damaged_files_do_no_harm(tmp_path: Path, text: str | bytes) -> None:
    folder = tmp_path / "job"
    folder.mkdir()
    for name in ("end.json", "process.json", "progress.json", "covey.toml", "log.txt"):
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    job = Job(folder)
    assert (job.state, job.stage, job.components) == ("failed", None, [])
    job.cancel()


def test_a_log_is_shown_as_a_terminal_would_leave_it(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_bytes(b"x" * 30_000 + b"\n 10%\r 50%\r100% \x1b[31mred\x1b[0m\nend\r\n")
    assert Job(tmp_path).log.endswith("x\n100% red\nend\r\n")
    assert len(Job(tmp_path).log) < 20_001


def test_records_that_ended_long_ago_go_when_a_run_starts(calls: Path) -> None:
    description = described(calls)
    recent = start_job(*description)
    assert ended(recent) == "done"
    old, held, waiting = (Job(recent.folder.with_name(f"20200101-12000{at}-00000000")) for at in range(3))
    for job in (old, held, waiting):
        shutil.copytree(recent.folder, job.folder)
    (held.folder / "end.json").unlink()
    for name in ("end.json", "process.json"):
        (waiting.folder / name).unlink()
    recent.folder.with_name("99999999-999999-00000000").mkdir()  # no date, so no run
    files = sorted(calls.glob("*.npz"))
    with hold_run_lock(held.lock):
        again = start_job(*description)
    assert ended(again) == "done"
    assert {job.folder for job in list_jobs(description[1])} == {job.folder for job in (again, recent, held, waiting)}
    assert sorted(calls.glob("*.npz")) == files


def test_only_a_run_that_has_ended_can_be_removed(calls: Path, gate: Path) -> None:
    job = start_job(*described(calls, f"extractor.gate={gate}"))
    until(lambda: at_work(job))
    with pytest.raises(CoveyError, match="has not ended: cancel it first"):
        job.remove()
    gate.touch()
    assert ended(job) == "done"
    job.remove()
    assert list_jobs(described(calls)[1]) == []
    assert len(list(calls.glob("*.npz"))) == 3


LOOPBACK = """
from kagglesdk import kaggle_env
kaggle_env._env_to_endpoint[kaggle_env.KaggleEnv.LOCAL] = {url!r}
from covey import hookimpl

@hookimpl
def covey_storages():
    return []
"""


@pytest.mark.skipif(find_spec("kaggle") is None, reason='needs pip install "covey[kaggle]"')
def test_a_dataset_on_kaggle_is_run_and_keeps_its_results_here(
    calls: Path, tmp_path: Path, distribution: Distribution, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = KaggleServer()
    server.datasets["owner/calls"] = [{f"images/{path.name}": path.read_bytes() for path in calls.iterdir()}]
    distribution("covey-loopback", {"loopback": "loopback"}, loopback=LOOPBACK.format(url=server.url))
    environment = {
        "PYTHONPATH": os.pathsep.join(sys.path),
        "KAGGLE_API_ENVIRONMENT": "LOCALHOST",
        "KAGGLE_USERNAME": "owner",
    }
    places = {"HOME": tmp_path / "person", "COVEY_HOME": tmp_path / "home", "KAGGLE_CONFIG_DIR": tmp_path / "config"}
    for name, value in {**environment, **places, "KAGGLE_KEY": "key"}.items():
        monkeypatch.setenv(name, str(value))
    experiment, dataset, registry = described("kaggle:owner/calls")
    job = start_job(experiment, dataset, registry)
    assert (ended(job), job.message) == ("done", "3 tables made, 0 kept from before.")
    assert 'dataset = "kaggle:owner/calls"' in job.experiment_text
    assert len(dataset.entries()) == 3
    assert job.folder.is_relative_to(tmp_path / "home")
    server.shutdown()
    server.server_close()


STRANGE = ["extractor.note=a \"b\" \\ 'c' \x7f \t 🐦", "extractor.marks=", "extractor.layers=deviation,mean"]


@pytest.mark.parametrize(
    "settings",
    [[], STRANGE, ["extractor.note=none", "clusterer.eps=1e-05"], ["extractor.marks=x,y", "clusterer.eps=3"]],
)
def test_an_experiment_is_the_same_from_its_file_and_its_command(
    calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: list[str]
) -> None:
    monkeypatch.chdir(calls.parent)
    experiment, _, registry = described(calls.name, *settings)
    path = tmp_path / "elsewhere" / "covey.toml"
    path.parent.mkdir()
    path.write_text(to_toml(experiment, registry), "utf-8")
    there = attrs.evolve(experiment, dataset=str(calls))
    assert read_experiment(path, registry) == there
    words = command_words(experiment, registry)
    assert words
    assert words[:3] == ["covey", "run", str(calls)]
    names = {Kind.named(words[at][2:]): [words[at + 1]] for at in (3, 5, 7)}
    assert from_flags(words[2], None, names, [word for word in words[9:] if word != "--set"], registry) == there


def test_what_flags_cannot_say_a_file_can(calls: Path, tmp_path: Path) -> None:
    experiment, _, registry = described(calls, "clusterer.eps=0.3")
    two = attrs.evolve(experiment, clusterers=(*experiment.clusterers, *described(calls)[0].clusterers))
    assert command_words(two, registry) is None
    (tmp_path / "covey.toml").write_text(to_toml(two, registry))
    assert read_experiment(tmp_path / "covey.toml", registry) == two


def test_what_lies_elsewhere_and_what_two_plugins_offer_keep_their_names(
    calls: Path, distribution: Distribution
) -> None:
    source = (Path(__file__).parents[1] / "slow.py").read_text("utf-8")
    distribution("covey-other", {"other": "covey_other"}, covey_other=source)
    registry = Registry.installed()
    names = {Kind.EXTRACTOR: ["covey-other:slow"]}
    experiment = from_flags("kaggle:some/birds", str(calls), names, [], registry)
    text = to_toml(experiment, registry)
    assert 'dataset = "kaggle:some/birds"' in text
    assert 'use = "covey-other:slow"' in text
    words = command_words(experiment, registry)
    assert words
    assert words[:7] == ["covey", "run", "kaggle:some/birds", "--out", str(calls), "--extractor", "covey-other:slow"]


@not_windows
def test_a_request_of_the_system_to_end_is_an_interruption(calls: Path, gate: Path) -> None:
    job = start_job(*described(calls, f"extractor.gate={gate}"))
    until(lambda: at_work(job))
    os.kill(json.loads((job.folder / "process.json").read_text())["pid"], signal.SIGTERM)
    assert ended(job) == "cancelled"
    assert list(work_folder(described(calls)[1]).rglob("*.tmp")) == []


def test_the_runtime_is_part_of_the_file_and_of_the_command(calls: Path, tmp_path: Path) -> None:
    experiment, _, registry = described(calls)
    runtime = Runtime(device="cpu", batch_size=4, compress=True)
    experiment = attrs.evolve(experiment, runtime=runtime)
    path = tmp_path / "covey.toml"
    path.write_text(to_toml(experiment, registry), "utf-8")
    assert read_experiment(path, registry).runtime == runtime
    words = command_words(experiment, registry)
    assert words
    assert words[-5:] == ["--device", "cpu", "--batch-size", "4", "--compress"]
