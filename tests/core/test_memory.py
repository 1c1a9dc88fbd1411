"""How much memory is free: the least of what the system, cgroups and limits of the process allow."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from covey.extraction import memory


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not say")
def test_the_system_says_what_is_free() -> None:
    free = memory.free_memory()
    assert free
    assert 1e6 < free < os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("version", [1, 2])
def test_a_container_allows_less(version: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    groups, outer = tmp_path / "cgroup", tmp_path / "memory" if version == 1 else tmp_path
    groups.write_text("3:cpu,memory:/docker/abc\n" if version == 1 else "0::/docker/abc\n")
    (outer / "docker" / "abc").mkdir(parents=True)
    limit, usage, cache = (
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        if version == 1
        else ("memory.max", "memory.current", "inactive_file")
    )
    (outer / "docker" / "abc" / limit).write_text("5000000\n")
    (outer / "docker" / "abc" / usage).write_text("4000000\n")
    (outer / "docker" / "abc" / "memory.stat").write_text(f"anon 7\n{cache} 200000\n")
    (outer / limit).write_text("9223372036854771712" if version == 1 else "max")
    (outer / usage).write_text("1")
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    monkeypatch.setattr(memory, "_GROUPS_OF_PROCESS", groups)
    assert memory.free_memory() == 1_200_000


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not say how much is used")
def test_a_limit_of_the_process_allows_less() -> None:
    code = (
        "import resource\nfrom covey.extraction.memory import free_memory\n"
        "resource.setrlimit(resource.RLIMIT_AS, (10**9, 10**9))\nprint(free_memory())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 10**8 < int(done.stdout) < 10**9
