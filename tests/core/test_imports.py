"""What must be quick imports nothing heavy."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

HEAVY = {
    "torch", "torchvision", "timm", "open_clip", "umap", "numba", "sklearn", "scipy", "hdbscan", "streamlit", "plotly",
    "pandas", "soundfile", "soxr", "kaggle",
}  # fmt: skip


def imported(*words: object) -> set[str]:
    """Return the heavy modules that a covey command imports, in a fresh interpreter."""
    code = (
        "import sys\nfrom covey.commands.main import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "print('\\n' + ' '.join(sys.modules))"
    )
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, env=paths, check=True)
    return HEAVY & set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "words",
    [["--help"], ["plugins", "list"], ["plugins", "show", "umap"], ["run", "--help"], ["spectrograms", "--help"]],
)
def test_help_and_lists_import_nothing_heavy(words: list[str]) -> None:
    assert imported(*words) == set()


@pytest.mark.usefixtures("brightness")
def test_a_second_run_recognises_every_step_without_the_libraries(
    covey: Callable[..., Result], images: Path, tmp_path: Path
) -> None:
    """The default steps: recognised by their keys alone."""
    words = ["run", images, "--out", tmp_path / "out", "--set", "reducer.epochs=5"]
    assert covey(*words).exit_code == 0
    assert imported(*words) == set()


def test_core_knows_no_plugin_and_no_plugin_knows_another() -> None:
    root = Path(__file__).parents[2]
    plugins = {folder.name for folder in (root / "plugins").iterdir() if folder.name.startswith("covey_")}
    others = plugins | {"covey_dashboard"}
    places = {"core": others, **{f"plugins/{name}": others - {name} for name in plugins}, "dashboard": plugins}
    for place, forbidden in places.items():
        for path in (root / place).rglob("*.py"):
            text = path.read_text("utf-8")
            for name in forbidden:
                assert f"import {name}" not in text, f"{path} imports {name}"
                assert f"from {name}" not in text, f"{path} imports {name}"
