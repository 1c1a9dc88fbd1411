"""Options that count only beside others (`when`), and options that are paths (`path`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest
from click.shell_completion import BashComplete
from tests.fixture_types import Cli, Distribution

from covey import Clusterer, CoveyError, Floats, Labels, component, option
from covey.commands.main import main
from covey.components.kinds import Kind
from covey.components.options import build, evolve, expand_variants, option_errors, option_values, options
from covey.data.provenance import Provenance
from covey.experiments.experiment import from_flags, read_experiment
from covey.experiments.jobs import to_toml
from covey.experiments.run_experiment import run_experiment
from covey.plugins.registry import Registry
from covey.testing import checks, tiny_dataset, tiny_images

SOURCE = '''
import numpy as np
from covey import Clusterer, component, hookimpl, option

@component
class Optics(Clusterer):
    """Two ways to cut."""

    name = "optics"
    xi: float = option(default=0.05, gt=0, lt=1, when={"method": "xi"}, help="Steepness. Raising it splits less.")
    method: str = option(default="xi", choices=("xi", "dbscan", "leaf"), help="How to cut.")
    eps: float = option(default=0.5, gt=0, when={"method": ("dbscan", "leaf")}, help="Radius. Raising it joins groups.")
    classes: str = option(default="", path="file", help="A table of classes.")
    cache: str | None = option(default=None, path="folder", expert=True, help="Where things lie.")

    def cluster(self, Z):
        self.check_finite(Z)
        return np.zeros(len(Z), dtype=np.int32)

@hookimpl
def covey_clusterers():
    yield Optics
'''


@pytest.fixture
def optics(distribution: Distribution) -> Any:
    distribution("covey-optics", {"optics": "covey_optics"}, covey_optics=SOURCE)
    return Registry.installed().get(Kind.CLUSTERER, "optics")


def test_a_profile_along_an_option_without_effect_says_so(optics: Any, covey: Cli, tmp_path: Path) -> None:
    tiny_dataset(tmp_path)
    refused = covey("profile", tmp_path, "--clusterer", optics.name, "--option", "eps")
    assert refused.exit_code == 2
    assert "option 'eps' makes a difference only if method is dbscan or leaf: set that too." in refused.stderr
    words = ("--option", "eps", "--set", "clusterer.method=leaf")
    assert covey("profile", tmp_path, "--clusterer", optics.name, *words).exit_code == 0


def test_an_option_without_effect_has_its_default_and_is_no_part_of_the_key(optics: Any) -> None:
    assert evolve(optics(xi=0.3), method="dbscan") == optics(method="dbscan")
    assert evolve(optics(method="leaf", eps=0.7), method="dbscan").eps == 0.7
    xi, dbscan = (Provenance.of(optics(method=method), "0" * 64) for method in ("xi", "dbscan"))
    assert set(xi.options) == {"method", "xi", "classes", "cache"}
    assert set(dbscan.options) == {"method", "eps", "classes", "cache"}
    assert build(optics, dbscan.options) == optics(method="dbscan")


def test_setting_an_option_without_effect_is_refused_unless_it_has_its_default(optics: Any) -> None:
    sentence = "optics: option 'xi' makes a difference only if method is xi: leave it out."
    assert option_errors(optics, {"method": "dbscan", "xi": 0.3}) == {"xi": sentence}
    assert option_errors(optics, {"method": "dbscan", "xi": 0.05}) == {}
    with pytest.raises(CoveyError, match="option 'eps' makes a difference only if method is dbscan or leaf"):
        build(optics, {"eps": 0.3})


def test_alternatives_are_combined_where_they_count(optics: Any) -> None:
    variants = expand_variants(optics, {"method": ["xi", "dbscan"], "xi": [0.1, 0.2]})
    assert variants == [optics(xi=0.1), optics(xi=0.2), optics(method="dbscan")]


def test_an_option_follows_those_on_which_it_depends(optics: Any) -> None:
    assert [declared.name for declared in options(optics)] == ["method", "xi", "eps", "classes", "cache"]


@pytest.mark.usefixtures("optics")
def test_flags_and_toml_refuse_an_option_without_effect_with_its_place(
    covey: Cli, tmp_path: Path, brightness: None
) -> None:
    tiny_images(tmp_path / "birds", count=4)
    words = ["run", tmp_path / "birds", "--extractor", "brightness", "--clusterer", "optics"]
    done = covey(*words, "--set", "clusterer.eps=0.3", "--dry-run")
    assert done.exit_code == 2
    assert "--set clusterer.eps: optics: option 'eps' makes a difference only if method is dbscan or" in done.stderr
    toml = tmp_path / "covey.toml"
    toml.write_text('dataset = "birds"\n[[clusterer]]\nuse = "optics"\nmethod = "leaf"\nxi = 0.2\n')
    assert f"{toml}, line 5: optics: option 'xi' makes a difference only if method is xi" in covey("run", toml).stderr


def test_when_it_counts_stands_in_lists_and_json(optics: Any, covey: Cli) -> None:
    assert "Raising it splits less. Only if method is xi." in covey("plugins", "show", "optics", "--markdown").stdout
    listed = json.loads(covey("plugins", "show", "optics", "--json").stdout)
    (eps,) = [entry for entry in listed["options"] if entry["name"] == "eps"]
    assert eps["when"] == [["method", ["dbscan", "leaf"]]]


class Plain(Clusterer):
    def cluster(self, Z: Floats) -> Labels:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("when", "problem"),
    [
        ({"methods": "xi"}, "names no other option, 'methods'"),
        ({"size": "xi"}, "names no other option, 'size'"),
        ({"method": "dbscan"}, "when: option 'method' must be one of xi, leaf"),
        ({"deep": 1}, "names an option that has conditions itself, 'deep'"),
        ({"secret": True}, "'secret' is for experts, so this must be too"),
    ],
)
def test_a_condition_that_cannot_be_is_reported_when_the_class_is_read(when: Any, problem: str) -> None:
    @component
    class Conditional(Plain):
        """Has conditions."""

        name = "conditional"
        method: str = option(default="xi", choices=("xi", "leaf"), help="A method.")
        deep: int = option(default=1, when={"method": "xi"}, help="Depth. Raising it goes deeper.")
        secret: bool = option(default=False, expert=True, help="For experts.")
        size: int = option(default=1, when=when, help="A size. Raising it makes it larger.")

    with pytest.raises(TypeError, match=problem):
        options(Conditional)


def test_a_component_with_conditions_and_paths_passes_the_checks(optics: Any) -> None:
    for check in checks(optics):
        check()


@pytest.mark.usefixtures("optics", "brightness")
def test_a_path_is_relative_to_the_config_file_and_to_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = Registry.installed()
    tiny_images(tmp_path / "birds", count=4)
    (tmp_path / "classes.csv").write_text("name\n")
    toml = tmp_path / "covey.toml"
    toml.write_text('dataset = "birds"\n[[clusterer]]\nuse = "optics"\nclasses = "classes.csv"\ncache = "birds"\n')
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    (clusterer,) = read_experiment(toml, registry).clusterers
    assert option_values(clusterer)["classes"] == str(tmp_path / "classes.csv")
    assert option_values(clusterer)["cache"] == str(tmp_path / "birds")
    monkeypatch.chdir(tmp_path)
    flags = ["clusterer.classes=classes.csv"]
    experiment = from_flags("birds", None, {Kind.CLUSTERER: ["optics"]}, flags, registry)
    (tmp_path / "job.toml").write_text(to_toml(experiment, registry))
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert read_experiment(tmp_path / "job.toml", registry).clusterers[0] == evolve(clusterer, cache=None)


def test_a_path_that_does_not_exist_is_an_error_before_anything_is_computed(
    optics: Any, covey: Cli, tmp_path: Path, brightness: None
) -> None:
    tiny_images(tmp_path / "birds", count=4)
    words = ["run", tmp_path / "birds", "--extractor", "brightness", "--clusterer", "optics"]
    for setting, kind in (("classes", "file"), ("cache", "folder")):
        done = covey(*words, "--set", f"clusterer.{setting}={tmp_path / 'gone'}")
        assert done.exit_code == 2
        assert f"optics: option {setting!r}: there is no {kind} '{tmp_path / 'gone'}'" in done.stderr
        assert "Extracting" not in done.stderr
    registry = Registry.installed()
    experiment = from_flags(str(tmp_path / "birds"), None, {Kind.EXTRACTOR: ["brightness"]}, [], registry)
    with pytest.raises(CoveyError, match=r"there is no file 'gone\.csv'"):
        run_experiment(attrs.evolve(experiment, clusterers=(optics(classes="gone.csv"),)), registry)


@pytest.mark.usefixtures("optics")
def test_shells_complete_options_choices_and_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "classes.csv").write_text("name\n")
    (tmp_path / "clips").mkdir()
    monkeypatch.chdir(tmp_path)
    complete = BashComplete(main, {}, "covey", "_COVEY_COMPLETE").get_completions
    words = ["run", "birds", "--clusterer", "optics", "--set"]
    assert [item.value for item in complete(words, "clusterer.m")] == ["clusterer.method="]
    assert [item.value for item in complete(words, "clusterer.method=d")] == ["clusterer.method=dbscan"]
    assert [item.value for item in complete(words, "clusterer.classes=cl")] == [
        "clusterer.classes=classes.csv", "clusterer.classes=clips/",
    ]  # fmt: skip
    assert [item.value for item in complete(words, "clusterer.cache=cl")] == ["clusterer.cache=clips/"]
    (tmp_path / "clips" / "deep").mkdir()
    assert [item.value for item in complete(words, "clusterer.cache=clips/")] == ["clusterer.cache=clips/deep/"]
    assert complete(words, "clusterer.cache=gone/") == []
    assert complete(words, "clusterer.gone=") == []
