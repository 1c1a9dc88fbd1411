"""The example in CONTRIBUTING.md: installed as a stranger would, then listed, run and tested."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "CONTRIBUTING.md"
BLOCK = re.compile(r"<!-- example: (?P<name>[\w.]+) -->\n```\w+\n(?P<text>.*?)```", re.DOTALL)


def call(*words: object, site: Path) -> str:
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), *filter(None, sys.path)])}
    done = subprocess.run([sys.executable, *map(str, words)], capture_output=True, text=True, env=paths, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    for block in BLOCK.finditer(PAGE.read_text("utf-8")):
        (folder / block["name"]).write_text(block["text"], "utf-8")
    return folder


def test_the_example_is_short(project: Path) -> None:
    assert len((project / "covey_squeezenet.py").read_text("utf-8").splitlines()) <= 40


def test_the_example_installs_runs_and_keeps_the_contract(project: Path, images: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", site]
    call("-m", "pip", "install", *options, project, site=site)
    covey = ["-c", "import sys; from covey.commands.main import main; main(sys.argv[1:])"]
    listed = call(*covey, "plugins", "list", site=site)
    assert re.search(r"extractor +squeezenet +ready +covey-squeezenet", listed)
    ran = call(*covey, "run", images, "--extractor", "squeezenet", "--reducer", "pca", site=site)
    assert "squeezenet" in ran
    assert "1 passed" in call("-m", "pytest", "-q", "-p", "no:cacheprovider", project, site=site)
