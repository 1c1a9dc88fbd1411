"""The strict type check of what the documentation shows and what covey writes, with the settings of the repository."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest


def check_types(modules: Iterable[Path]) -> None:
    """Check the types of modules, with what mypy remembers of covey itself: without that it takes half a minute."""
    pytest.importorskip("mypy", reason="needs mypy")
    pytest.importorskip("numpy", "2", reason="needs the types of numpy 2 or newer")
    command = [sys.executable, "-m", "mypy", "--strict", *map(str, modules)]
    top = Path(__file__).parents[1]
    process = subprocess.run(command, cwd=top, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stdout + process.stderr
