"""What CONTRIBUTING.md says: new packages and its example, installed as a stranger would, listed and run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.distributions import install_modules
from tests.type_check import check_types

from covey.commands.main import main
from covey.plugins.scaffold import Template
from covey.testing import tiny_images

PAGE = Path(__file__).parents[2] / "CONTRIBUTING.md"
EXAMPLE = re.compile(r"<!-- example: (?P<name>[\w.]+) -->\n```\w+\n(?P<text>.*?)```", re.DOTALL)
MOST_LINES = 40
COVEY = ["-c", "import sys; from covey.commands.main import main; main(sys.argv[1:])"]


def call(*words: object, site: Path) -> str:
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), *filter(None, sys.path)])}
    command = [sys.executable, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, env=paths, check=False, cwd=site)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a package of each kind is installed, untouched, and the one whose module is the example."""
    root = tmp_path_factory.mktemp("contributing")
    site, packages = root / "site", root / "packages"
    site.mkdir()
    for name, kind in [*((f"new_{template}", template) for template in Template), ("squeezenet", "extractor")]:
        main(["plugins", "new", name, str(packages / name), f"--kind={kind}"], standalone_mode=False)
    backbone, *others = EXAMPLE.finditer(PAGE.read_text("utf-8"))
    (packages / "squeezenet" / backbone["name"]).write_text(backbone["text"], "utf-8")
    for example in others:
        module = example["name"].removesuffix(".py")
        install_modules(site, module, {module: module}, {module: example["text"]})
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", site]
    call("-m", "pip", "install", *options, *packages.iterdir(), site=site)
    return site


EXAMPLES = [example["name"] for example in EXAMPLE.finditer(PAGE.read_text("utf-8"))]


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_short(site: Path, name: str) -> None:
    assert len((site / name).read_text("utf-8").splitlines()) <= MOST_LINES


def test_the_pages_say_how_many_lines_the_first_example_has() -> None:
    example = EXAMPLE.search(PAGE.read_text("utf-8"))
    assert example
    count = len([line for line in example["text"].splitlines() if line])
    for name in ("README.md", "plugins/your_own_backbone.md"):
        counts = re.findall(r"(\d+) lines", (PAGE.parent / name).read_text("utf-8"))
        assert set(map(int, counts)) == {count}


def test_the_examples_pass_a_strict_type_check(site: Path) -> None:
    check_types(site / name for name in EXAMPLES)


def test_the_examples_pass_the_linter_of_a_stranger(site: Path) -> None:
    rules = ["--isolated", "--line-length", "120", "--select", "E,F,W,B,UP,RUF,SIM,RET,C4"]
    command = [sys.executable, "-m", "ruff", "check", *rules, *(str(site / name) for name in EXAMPLES)]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stdout + process.stderr


def test_all_are_listed(site: Path) -> None:
    listed = call(*COVEY, "plugins", "list", site=site)
    for template in Template:
        assert re.search(rf"{template.kind} +new_{template} +ready +covey-new_{template}", listed)
    assert re.search(r"extractor +squeezenet +ready +covey-squeezenet", listed)
    for offer, name in (("measure", "calinski"), ("exporter", "lists"), ("importer", "marks")):
        assert re.search(rf"{offer} +{name} +ready +covey_{name}", listed)
    assert "broken" not in listed
    assert "slow" not in listed


def test_one_of_each_kind_makes_a_run_and_so_does_the_example(site: Path, tmp_path: Path) -> None:
    images = tiny_images(tmp_path / "images", count=12)
    chosen = [word for kind in ("extractor", "reducer", "clusterer") for word in (f"--{kind}", f"new_{kind}")]
    place = f"new_storage:{tmp_path / 'out'}"
    call(*COVEY, "run", images.root, "--extractor", "squeezenet", *chosen, "--out", place, site=site)
    output = call(*COVEY, "info", place, site=site)
    for name in ("squeezenet", "new_extractor", "new_reducer", "new_clusterer"):
        assert name in output
    rows = json.loads(call(*COVEY, "compare", place, "--json", site=site))
    assert all(row["calinski"] > 0 for row in rows), rows


def test_the_extractor_that_learns_keeps_the_contract_and_learns_once(site: Path, tmp_path: Path) -> None:
    check = "from covey.testing import check_extractor; from covey_patterns import Patterns; check_extractor(Patterns)"
    call("-c", check, site=site)
    images = tiny_images(tmp_path / "birds" / "images", count=12).root.parent
    run = (*COVEY, "run", images, "--extractor", "patterns", "--reducer", "new_reducer", "--clusterer", "new_clusterer")
    assert "4 tables made" in call(*run, site=site)
    assert "0 tables made" in call(*run, site=site)


def test_the_extractor_that_listens_keeps_the_contract(site: Path) -> None:
    check = "from covey.testing import check_extractor; from covey_octaves import Octaves; check_extractor(Octaves)"
    call("-c", check, site=site)


def test_the_importer_and_the_exporter_of_the_examples_take_labels_in_and_out(site: Path, tmp_path: Path) -> None:
    dataset = tmp_path / "birds"
    tiny_images(dataset / "images", count=3)
    for number, path in enumerate(sorted((dataset / "images").iterdir())):
        path.rename(path.with_name(f"dawn_segm_{number:04}.000.png"))
    (tmp_path / "dawn.marks").write_text("dawn.wav 1 2 wren\n", "utf-8")
    output = call(*COVEY, "import", "marks", dataset, tmp_path / "dawn.marks", "--segment", "1", site=site)
    assert "1 label: 1 new" in output
    words = ["--to", "lists", "--set", "prefix=list_"]
    assert "1 file in" in call(*COVEY, "export", dataset, tmp_path / "out", *words, site=site)
    assert (tmp_path / "out" / "list_0.txt").read_text("utf-8").split() == ["wren", "dawn_segm_0001.000.png"]


def test_all_keep_the_contract(site: Path) -> None:
    tests = sorted((site.parent / "packages").rglob("test_*.py"))
    output = call("-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", site.parent, *tests, site=site)
    assert re.search(r"\d+ passed", output)
    assert re.findall(r"(\d+) skipped", output) in ([], ["2"]), "only the storage skips, as it does not publish"
