"""`covey plugins new` writes a package that is sound before a line of it is changed, or says why it does not."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.fixture_types import Cli, Distribution
from tests.type_check import check_types

from covey import __version__
from covey.plugins.scaffold import Template


@pytest.mark.parametrize("template", Template)
def test_the_readme_has_the_table_of_options(
    template: Template, covey: Cli, distribution: Distribution, tmp_path: Path
) -> None:
    folder = tmp_path / "covey-made_here"
    covey("plugins", "new", "made_here", folder, "--kind", template)
    source = (folder / "covey_made_here.py").read_text("utf-8")
    distribution("covey-made_here", {"made_here": "covey_made_here"}, covey_made_here=source)
    table = covey("plugins", "show", f"{template.kind}:made_here", "--markdown").stdout.strip()
    text = (folder / "README.md").read_text("utf-8")
    assert f"<!-- options -->\n{table}\n<!-- /options -->" in text


def test_the_name_is_all_that_differs_from_the_template(covey: Cli, tmp_path: Path) -> None:
    output = covey("plugins", "new", "song_form", tmp_path / "new", "--kind", "reducer").stdout
    assert f'pip install -e "{tmp_path / "new"}"' in output
    files = {path.name for path in (tmp_path / "new").iterdir()}
    assert files == {"README.md", "pyproject.toml", "covey_song_form.py", "test_covey_song_form.py"}
    for path in (tmp_path / "new").iterdir():
        assert "specimen" not in path.read_text("utf-8").lower()
    assert f'"covey>={__version__}"' in (tmp_path / "new" / "pyproject.toml").read_text("utf-8")
    assert "class SongForm(Reducer)" in (tmp_path / "new" / "covey_song_form.py").read_text("utf-8")
    assert "MIT licence" in (tmp_path / "new" / "README.md").read_text("utf-8")


def test_what_is_written_passes_the_checks_of_style_and_types(covey: Cli, tmp_path: Path) -> None:
    for template in Template:
        covey("plugins", "new", f"made_{template}", tmp_path / template, "--kind", template)
    modules = sorted(tmp_path.rglob("*.py"))
    assert len(modules) == 2 * len(Template)
    strict = ["ruff", "check", "--select", "E,F,W,B,UP,RUF,SIM,RET,C4"]
    for tool in (strict, ["ruff", "format", "--check"]):
        command = [sys.executable, "-m", *map(str, tool), *map(str, modules)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
    check_types(modules)


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("Grid", "clusterer", "cannot be called 'Grid': choose a name of 2 to 50 lower-case letters"),
        ("c", "storage", "cannot be called 'c'"),  # c:/data is a folder
        ("2d", "clusterer", "cannot be called '2d'"),
        ("my-grid", "clusterer", "cannot be called 'my-grid'"),
        ("../grid", "clusterer", r"cannot be called '\.\./grid'"),
        ("größe", "clusterer", "cannot be called 'größe'"),
        ("g" * 51, "clusterer", "2 to 50"),
        ("none", "clusterer", "cannot be called 'none', for None means something else"),
        ("reducer", "reducer", "cannot be called 'reducer', for Reducer means something else"),
        ("dbscan", "extractor", "'dbscan' is the clusterer covey:dbscan: choose a name that is not in use"),
        ("dashboard", "storage", "The module covey_dashboard is installed already"),
    ],
)
def test_a_name_that_cannot_be_is_refused_and_nothing_is_written(
    name: str, kind: str, message: str, covey: Cli, tmp_path: Path
) -> None:
    done = covey("plugins", "new", name, tmp_path / "new", "--kind", kind)
    assert done.exit_code == 2
    assert re.search(message, done.stderr)
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "new").exists()


def test_a_folder_or_file_that_exists_is_left_alone(covey: Cli, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    for place in (tmp_path / "full", tmp_path / "full" / "mine.txt"):
        done = covey("plugins", "new", "grid", place, "--kind", "clusterer")
        assert done.exit_code == 2
        assert "exists already" in done.stderr
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine.txt"]
    (tmp_path / "empty").mkdir()
    assert covey("plugins", "new", "grid", tmp_path / "empty", "--kind", "clusterer").exit_code == 0
