"""What depends on the system: on each one the branches of the others are taken too."""

from __future__ import annotations

import getpass
import io
import os
import platform
import re
import runpy
import signal
import subprocess
import sys
import tomllib
import zlib
from pathlib import Path, PureWindowsPath
from types import SimpleNamespace
from typing import Any

import filelock
import numpy as np
import pytest
from packaging.requirements import Requirement
from PIL import Image

from covey import CoveyError
from covey._base import files, run_lock
from covey.commands.terminal import native_output
from covey.components.platform_builds import NOT_ON_INTEL_MACS
from covey.components.source_contract import RecordingDownload
from covey.data import fetched_files, metadata, pointer
from covey.data.catalogue import part_store, recording_rows
from covey.data.catalogue.owner import Owner
from covey.experiments.jobs import job as job_module
from covey.extraction import in_work, memory, runtime
from covey.labelling import authors, database
from covey.plugins.registry import Registry
from covey.sound import ledger, png, recordings
from covey.sources.partial_file import PartialFile
from covey_dashboard.pages.start import allowed_folders, planned_steps
from covey_dashboard.server import start
from covey_kaggle import local_copy, upload_folder

ROOT = Path(__file__).parents[2]
ASKS = re.compile(
    r"\bsys\.platform\b|\bos\.name\b|\bgetattr\((os|signal)\b|\bplatform\.(machine|processor)\(\)"
    r"|\bos\.(link|sysconf|path\.relpath)\(|except .*\b(NotImplementedError\) as|ImportError:  # there is no)"
)
ASKING = [
    path
    for folder in ("core/covey", "plugins", "dashboard/covey_dashboard")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if ASKS.search(path.read_text("utf-8"))
]
"""Modules that do something else on another system."""


def as_system(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> None:
    """Let one module see the name of another system, "nt" for Windows; patched for all, pathlib would break."""
    monkeypatch.setattr(module, "os", SimpleNamespace(**{**vars(os), "name": name}))


class TestFiles:
    def test_a_file_that_is_open_elsewhere_is_replaced_once_it_is_closed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path, pauses = tmp_path / "a.txt", list[float]()
        path.write_text("old")
        replace = Path.replace

        def refuse_twice(self: Path, target: Path) -> Path:
            if len(pauses) < 2:
                raise PermissionError(13, "in use")
            return replace(self, target)

        as_system(monkeypatch, files, "nt")
        monkeypatch.setattr(files, "time", SimpleNamespace(sleep=pauses.append))
        monkeypatch.setattr(Path, "replace", refuse_twice)
        files.write_text(path, "new")
        assert (path.read_text(), len(pauses)) == ("new", 2)

    @pytest.mark.parametrize(("name", "attempts"), [("nt", 1 + len(files._PAUSES_S)), ("posix", 1)])
    def test_one_that_stays_open_is_left_as_it_is(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, attempts: int
    ) -> None:
        path, tried = tmp_path / "a.txt", []
        path.write_text("old")

        def refuse(self: Path, target: Path) -> Path:
            tried.append(target)
            raise PermissionError(13, "in use")

        as_system(monkeypatch, files, name)
        monkeypatch.setattr(files, "time", SimpleNamespace(sleep=lambda pause_s: None))
        monkeypatch.setattr(Path, "replace", refuse)
        with pytest.raises(CoveyError, match="What was there before is unchanged"):
            files.write_text(path, "new")
        assert (len(tried), [file.name for file in tmp_path.iterdir()], path.read_text()) == (
            attempts,
            ["a.txt"],
            "old",
        )

    def test_folders_are_not_synced_where_they_cannot_be_opened(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        as_system(monkeypatch, files, "nt")
        monkeypatch.setattr(vars(files)["os"], "open", lambda *_: pytest.fail("a folder was opened"), raising=False)
        files.sync_folder(tmp_path)

    def test_new_files_are_opened_as_bytes_where_text_differs(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        flags: list[int] = []
        binary, opened = 1 << 30, os.open
        monkeypatch.setattr(os, "O_BINARY", binary, raising=False)

        def open_file(path: str, flag: int, mode: int = 0o777) -> int:
            flags.append(flag)
            return opened(path, flag & ~binary, mode)

        monkeypatch.setattr(os, "open", open_file)
        files.write_text(tmp_path / "a.txt", "a\n")
        part = PartialFile(tmp_path, "b.wav")
        part.receive(RecordingDownload(blocks=iter([b"\r\n"])))
        assert [bool(flag & binary) for flag in flags if flag & os.O_CREAT] == [True] * 3
        assert part.path.read_bytes() == b"\r\n"

    def test_a_private_file_is_opened_also_where_links_cannot_be_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delattr(os, "O_NOFOLLOW", raising=False)
        with open(tmp_path / "a", "w", encoding="utf-8", opener=in_work._open_private) as file:
            assert isinstance(file, io.TextIOWrapper)

    def test_a_path_with_a_drive_is_an_address_for_sqlite(self) -> None:
        path: Any = SimpleNamespace(absolute=lambda: PureWindowsPath("C:/lab 1/labels.sqlite"))
        assert database._uri(path, "ro") == "file:///C%3A/lab%201/labels.sqlite?mode=ro"

    @pytest.mark.parametrize("name", ["con.png", "a/NUL", "com1.txt", "a:b.png", "lpt9/x.png"])
    def test_names_that_windows_reserves_are_left_out_there_alone(
        self, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        monkeypatch.setattr(fetched_files, "sys", SimpleNamespace(platform="linux"))
        assert fetched_files.is_allowed_name(name)
        monkeypatch.setattr(fetched_files, "sys", SimpleNamespace(platform="win32"))
        assert not fetched_files.is_allowed_name(name)
        assert fetched_files.is_allowed_name(f"icon-{name.replace(':', '').replace('/', '-')}")

    @pytest.mark.parametrize(("name", "decides"), [("posix", True), ("nt", False)])
    def test_the_times_of_a_file_decide_only_where_the_system_sets_one(
        self, monkeypatch: pytest.MonkeyPatch, name: str, decides: bool
    ) -> None:
        as_system(monkeypatch, recordings, name)
        assert recordings.Stamp(bytes=1, time=1, changed=123456789, inode=1).decides is decides

    def test_a_path_on_another_drive_is_written_whole(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(path: object, start: object) -> str:
            raise ValueError("path is on mount 'D:', start on mount 'C:'")

        monkeypatch.setattr(os.path, "relpath", refuse)
        whole = (tmp_path / "a").resolve().as_posix()
        assert ledger.relative_path(tmp_path, tmp_path / "a") == whole
        assert pointer._locate(tmp_path, tmp_path / "a") == whole
        assert recording_rows._relative(tmp_path / "a", tmp_path) == whole
        assert metadata._relative_prefix(tmp_path, tmp_path / "a") == ""

    def test_files_are_copied_or_renamed_where_there_are_no_hard_links(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(path: Path, target: Path) -> None:
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(os, "link", refuse)
        first, second = tmp_path / "first", tmp_path / "second"
        first.write_bytes(b"1")
        upload_folder._link_or_copy(first, second)
        assert (first.read_bytes(), second.read_bytes()) == (b"1", b"1")
        with pytest.raises(FileExistsError):
            files._give_name(first, second)
        files._give_name(first, tmp_path / "third")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["second", "third"]

    def test_a_file_system_without_locks_is_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(self: filelock.BaseFileLock) -> None:
            raise NotImplementedError("FileSystem does not appear to support flock")

        monkeypatch.setattr(filelock.BaseFileLock, "acquire", refuse)
        with pytest.raises(CoveyError, match="cannot be locked"), run_lock.hold_run_lock(tmp_path / "lock"):
            pass
        with (
            pytest.raises(CoveyError, match="cannot be locked"),
            part_store.PartStore(tmp_path, Owner("secret")).changing(),
        ):
            pass
        with pytest.raises(CoveyError, match="cannot be written"), local_copy.LocalCopy(tmp_path).lock():
            pass

    def test_images_are_the_same_where_there_is_no_igzip(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
        monkeypatch.setitem(sys.modules, "isal.isal_zlib", None)
        module = runpy.run_path(png.__file__)
        assert module["compress"] is zlib.compress
        with Image.open(io.BytesIO(module["encode"](pixels))) as image:
            assert np.array_equal(np.asarray(image), pixels)

    def test_drives_are_offered_where_there_are_any(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, count in (("nt", 24), ("posix", 0)):
            as_system(monkeypatch, allowed_folders, name)
            assert len([str(drive) for drive in allowed_folders._drives()]) == count


class TestMemory:
    def test_free_memory_comes_from_what_the_system_has(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pages = {"SC_AVPHYS_PAGES": 3, "SC_PHYS_PAGES": 5, "SC_PAGE_SIZE": 4096}
        monkeypatch.setattr(memory, "_read_fields", lambda path: {})
        monkeypatch.setattr(os, "sysconf", pages.__getitem__, raising=False)
        for name, count in (("darwin", 5), ("freebsd", 3)):
            monkeypatch.setattr(memory, "sys", SimpleNamespace(platform=name))
            assert memory._free_in_system() == count * 4096

    def test_nothing_is_known_where_the_system_says_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(memory, "_read_fields", lambda path: {})
        monkeypatch.delattr(os, "sysconf", raising=False)
        monkeypatch.setitem(sys.modules, "resource", None)
        assert (memory._free_in_system(), memory._free_in_address_space()) == (None, None)


class TestProcesses:
    def test_a_run_outlives_an_interruption_also_on_windows(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for number, flag in enumerate(("CREATE_NEW_PROCESS_GROUP", "CREATE_NO_WINDOW")):
            monkeypatch.setattr(subprocess, flag, 1 << number, raising=False)
        monkeypatch.setattr(job_module, "sys", SimpleNamespace(platform="win32"))
        assert job_module._detached_process_flags() == 3
        monkeypatch.setattr(job_module, "sys", SimpleNamespace(platform="linux"))
        assert job_module._detached_process_flags() == 0

    @pytest.mark.parametrize(("name", "call"), [("win32", "kill"), ("linux", "killpg"), ("darwin", "killpg")])
    def test_a_run_is_ended_with_its_children_where_it_has_a_group(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, call: str
    ) -> None:
        sent: list[tuple[str, int]] = []
        for door in ("kill", "killpg"):
            monkeypatch.setattr(os, door, lambda pid, number, door=door: sent.append((door, pid)), raising=False)
        monkeypatch.setattr(job_module, "sys", SimpleNamespace(platform=name))
        monkeypatch.setattr(job_module, "find_process", lambda folder: 4711)
        job_module.Job(tmp_path)._send(signal.SIGTERM)
        assert sent == [(call, 4711)]

    def test_a_run_is_ended_by_force_only_where_there_is_such_a_signal(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sent: list[int] = []
        monkeypatch.setattr(job_module, "signal", SimpleNamespace(SIGTERM=signal.SIGTERM))
        monkeypatch.setattr(job_module, "ENDING", 0)
        monkeypatch.setattr(job_module.Job, "state", "running")
        monkeypatch.setattr(job_module.Job, "_send", lambda self, number: sent.append(number))
        with pytest.raises(CoveyError, match="does not end"):
            job_module.Job(tmp_path).cancel()
        assert sent == [signal.SIGTERM, signal.SIGTERM]

    def test_the_maker_of_the_processor_is_known_without_its_file(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: str) -> str:
            raise FileNotFoundError

        monkeypatch.setattr(runtime, "Path", lambda path: SimpleNamespace(read_text=refuse))
        monkeypatch.setattr(platform, "processor", lambda: "AMD64 Family 25, AuthenticAMD")
        assert runtime._processor_vendor() == "AMD64 Family 25, AuthenticAMD"

    @pytest.mark.parametrize("error", [OSError, KeyError, ImportError])
    def test_a_user_without_a_name_has_none(self, monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
        def refuse() -> str:
            raise error("pwd")

        monkeypatch.setattr(getpass, "getuser", refuse)
        assert authors._system_user.__wrapped__() == ""

    def test_a_program_without_a_terminal_has_no_stream_for_errors(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stderr", None)
        assert not native_output._is_terminal_stream()

    @pytest.mark.parametrize(
        ("name", "text"), [("nt", 'covey run "my birds" --like a.npz'), ("posix", "covey run 'my birds' --like a.npz")]
    )
    def test_a_command_is_quoted_for_the_shell_of_the_system(
        self, monkeypatch: pytest.MonkeyPatch, name: str, text: str
    ) -> None:
        as_system(monkeypatch, planned_steps, name)
        assert planned_steps.quote_command(["covey", "run", "my birds", "--like", "a.npz"]) == text

    def test_a_browser_is_opened_where_somebody_sits(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for variable in ("DISPLAY", "WAYLAND_DISPLAY"):
            monkeypatch.delenv(variable, raising=False)
        terminal = SimpleNamespace(isatty=lambda: True)
        for name, has_display in (("win32", True), ("darwin", True), ("linux", False)):
            monkeypatch.setattr(start, "sys", SimpleNamespace(platform=name, stdout=terminal))
            assert start._has_display() is has_display
        monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
        assert start._has_display()


@pytest.mark.parametrize("path", ASKING, ids=lambda path: path.stem)
def test_what_asks_for_the_system_is_tested_for_the_others_too(path: Path) -> None:
    tests = [Path(__file__), Path(__file__).with_name("test_runtime.py")]
    assert any(re.search(rf"\b{path.stem}\b", test.read_text("utf-8")) for test in tests)


class TestInterrupts:
    def test_none_is_blocked_where_a_thread_cannot_block_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        worker_supply = pytest.importorskip("covey_dask.worker_supply")
        monkeypatch.setattr(worker_supply, "sys", SimpleNamespace(platform="win32"))
        monkeypatch.setattr(worker_supply, "signal", SimpleNamespace())
        worker_supply._block_interrupts()


class TestLibraries:
    def test_a_component_says_why_its_library_is_not_to_be_had(self, monkeypatch: pytest.MonkeyPatch) -> None:
        registered = next(entry for entry in Registry.installed().components if entry.name == "torchvision")
        monkeypatch.setattr("covey.components.contracts.component_contract.is_installed", lambda module: False)
        assert registered.status.startswith("needs: pip install")
        monkeypatch.setattr(sys, "platform", "darwin")
        monkeypatch.setattr(platform, "machine", lambda: "x86_64")
        assert registered.status == "torch, torchvision: not built for Macs with Intel processors"
        with pytest.raises(CoveyError, match="not built for Macs with Intel processors"):
            Registry.installed().get(registered.kind, "torchvision")
        monkeypatch.setattr(platform, "machine", lambda: "arm64")
        assert registered.status.startswith("needs: pip install")

    def test_the_extras_leave_out_what_is_not_built_and_nothing_else(self) -> None:
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
        requirements = [Requirement(text) for texts in extras.values() for text in texts]
        left_out = {entry.name for entry in requirements if entry.marker and not entry.marker.evaluate(INTEL_MAC)}
        assert all(
            entry.marker is None or entry.marker.evaluate(ARM_MAC) for entry in requirements if FASTER not in entry.name
        )
        assert left_out == {DISTRIBUTIONS.get(module, module.replace("_", "-")) for module in NOT_ON_INTEL_MACS}


FASTER = "openvino"
"""What makes some processors faster and is needed nowhere."""
DISTRIBUTIONS = {"open_clip": "open-clip-torch"}
INTEL_MAC = {"sys_platform": "darwin", "platform_machine": "x86_64"}
ARM_MAC = {"sys_platform": "darwin", "platform_machine": "arm64"}
