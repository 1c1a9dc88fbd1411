"""Every plugin folder has an entry point and a README whose table of options is the generated one."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest

from covey.commands.plugins import options_table
from covey.components.options import options
from covey.plugins.registry import Registry

ROOT = Path(__file__).parents[2]
FOLDERS = sorted(path for path in (ROOT / "plugins").iterdir() if path.name.startswith("covey_"))
TABLE = re.compile(r"<!-- options -->\n(.*?)\n?<!-- /options -->", re.DOTALL)


def declared() -> dict[str, str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    points: dict[str, str] = project["entry-points"]["covey"]
    return points


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_plugin_folder_has_an_entry_point_and_a_readme(folder: Path) -> None:
    assert folder.name in declared().values()
    components = [item for item in Registry.installed().components if item.cls.__module__ == folder.name]
    text = (folder / "README.md").read_text("utf-8")
    tables = [options_table(options(item.cls)) for item in components if options(item.cls)]
    advice = "; ".join(f"covey plugins show {item.name} --markdown" for item in components)
    assert [table.strip() for table in TABLE.findall(text)] == tables, advice


def test_the_installed_metadata_is_that_of_pyproject() -> None:
    """Entry points are read at installation: after adding one, install again."""
    installed = {point.name: point.value for point in distribution("covey").entry_points if point.group == "covey"}
    assert installed == declared(), "run: pip install -e ."
