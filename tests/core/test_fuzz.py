"""Damaged and hostile files: each gives a right answer or one CoveyError, and nothing in them ever runs.

tests/benchmarks/endurance.py reads many more of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TypedDict

import pytest

ROOT = Path(__file__).parents[2]
COUNT = 600
MOST_MEMORY_MB = 100


class FuzzJson(TypedDict):
    """What `tests.core.fuzz` prints."""

    faults: dict[str, object]
    outcomes: dict[str, dict[str, int]]
    events: list[object]
    unchanged: bool
    memory_mb: dict[str, float]


def test_damaged_and_hostile_files_are_refused_or_read_and_never_run(tmp_path: Path) -> None:
    for library in ("pandas", "pyarrow", "soundfile", "soxr"):
        pytest.importorskip(library, reason="the good files are made with it")
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
        "COVEY_HOME": str(tmp_path / "home"),
    }
    folder = tmp_path / "folder"
    folder.mkdir()
    command = [sys.executable, "-W", "ignore", "-m", "tests.core.fuzz", "0", str(COUNT)]
    process = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment)
    assert process.returncode == 0, process.stderr[-3000:]
    document: FuzzJson = json.loads(process.stdout)
    print(json.dumps(document, indent=2))
    assert document["faults"] == {}
    assert sum(sum(counts.values()) for counts in document["outcomes"].values()) == COUNT
    assert document["events"] == []
    assert document["unchanged"]
    assert max(document["memory_mb"].values()) < MOST_MEMORY_MB
