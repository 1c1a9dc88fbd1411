"""Plugins come and go, some are broken; none harms another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.fixture_types import Cli, Distribution

from covey import API, CoveyError, __version__
from covey.components.kinds import Kind
from covey.plugins.registry import Registry

SIZELESS = """
from covey import Reducer, component, hookimpl, option

@component
class Sizeless(Reducer):
    name = "sizeless"
    sizes: int = option(default=2, help="A size.")

    def reduce(self, X, sizes):
        return []

@hookimpl
def covey_reducers():
    yield Sizeless
"""
GOOD = """
from covey import Clusterer, component, hookimpl, option

@component
class Halves(Clusterer):
    '''The first half and the second.'''
    name = "halves"
    parts: int = option(default=2, ge=1, help="How many.")
    def cluster(self, Z):
        import numpy as np
        return np.arange(len(Z), dtype=np.int32) * self.parts // max(len(Z), 1)

@hookimpl
def covey_clusterers():
    yield Halves
"""

ALL = (
    GOOD
    + """
import click
from covey import Reducer, Storage
from covey.authoring import Done, Engine, Source
from covey.testing import Brightness

@component
class Columns(Reducer):
    name = "columns"
    def reduce(self, X, sizes):
        return [X[:, :size] for size in sizes]

@component
class Shelf(Storage):
    name = "shelf"
    def open(self, place):
        raise NotImplementedError

@component
class Here(Engine):
    name = "here"
    def map(self, work, items, progress):
        for number, item in enumerate(items):
            yield Done(number, work(item))

@component
class Shoebox(Source):
    name = "shoebox"
    def find(self, query):
        return iter(())
    def open(self, recording, offset):
        raise NotImplementedError

@hookimpl
def covey_engines():
    yield Here

@hookimpl
def covey_sources():
    yield Shoebox

@hookimpl
def covey_feature_extractors():
    yield Brightness

@hookimpl
def covey_reducers():
    return [Columns]

@hookimpl
def covey_storages():
    yield Shelf

@hookimpl
def covey_commands():
    yield click.Command("sing")
"""
)


def reasons(registry: Registry) -> dict[str, str]:
    return {problem.plugin: problem.reason for problem in registry.problems}


def test_a_third_party_component_is_like_any_other(distribution: Distribution, covey: Cli) -> None:
    distribution("covey-halves", {"halves": "halves_plugin"}, halves_plugin=GOOD)
    listed = covey("plugins", "list")
    assert "halves" in listed.stdout
    assert "The first half and the second." in listed.stdout
    assert "How many." in covey("plugins", "show", "halves").stdout


def test_a_plugin_may_offer_something_through_every_hook(distribution: Distribution) -> None:
    distribution("covey-all", {"all": "all_plugin"}, all_plugin=ALL)
    registry = Registry.installed()
    assert {(item.kind, item.name) for item in registry.components if item.distribution == "covey-all"} == {
        ("extractor", "brightness"), ("reducer", "columns"), ("clusterer", "halves"), ("storage", "shelf"),
        ("engine", "here"), ("source", "shoebox"),
    }  # fmt: skip
    command = registry.command("sing")
    assert command is not None
    assert command.name == "sing"


def test_built_in_components_are_all_found(registry: Registry) -> None:
    assert registry.problems == []
    computed = {(item.kind, item.name) for item in registry.components}
    assert computed >= {
        ("extractor", "torchvision"), ("extractor", "timm"), ("reducer", "umap"), ("reducer", "pca"),
        ("clusterer", "dbscan"), ("clusterer", "hdbscan"), ("storage", "npz"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import nowhere_to_be_found", "No module named 'nowhere_to_be_found'"),
        ("raise SystemExit(3)", "SystemExit"),
        ("1 +", "SyntaxError"),
        (GOOD.replace("@hookimpl", ""), "it offers nothing: no function is marked with @hookimpl"),
        (GOOD.replace("yield Halves", "yield Halves()"), "must yield subclasses of Clusterer"),
        (GOOD.replace("yield Halves", "yield Halves; raise RuntimeError('late')"), "RuntimeError: late"),
        (GOOD.replace("yield Halves", "return 3"), "TypeError"),
        (GOOD.replace("covey_clusterers()", "covey_reducers()"), "must yield subclasses of Reducer"),
        (GOOD.replace("@component", ""), "Halves is not marked with @component"),
        (GOOD.replace('"halves"', '"Half Time"'), "must be lower-case letters"),
        (GOOD.replace("def cluster", "def clusters"), "Halves lacks cluster"),
        (GOOD.replace('int = option(default=2, ge=1, help="How many.")', "int = 2"), "not declared with option()"),
        (GOOD.replace("covey_clusterers()", "covey_clusterers(wrong)"), "wrong"),
        (SIZELESS, "Sizeless.sizes must be the plural option that Reducer declares"),
        (GOOD.replace('name = "halves"', 'name = "halves"; version = "one"'), "version must be a whole number"),
        (GOOD.replace('name = "halves"', 'name = "halves"; requires = ("x",)'), "requires must name a requirement"),
    ],
)
def test_a_broken_plugin_is_listed_with_its_reason(
    distribution: Distribution, covey: Cli, source: str, reason: str
) -> None:
    distribution("covey-broken", {"broken": "broken_plugin"}, broken_plugin=source)
    distribution("covey-halves", {"halves": "halves_plugin"}, halves_plugin=GOOD)
    registry = Registry.installed()
    assert reason in reasons(registry)["broken"]
    assert registry.find("halves").distribution == "covey-halves"
    assert registry.find("dbscan").distribution == "covey"
    listed = covey("plugins", "list")
    assert listed.exit_code == 0
    assert "The plugin 'broken' of covey-broken is broken" in listed.stdout


def test_a_hook_of_a_newer_covey_is_a_warning_and_the_rest_of_the_plugin_works(
    distribution: Distribution, covey: Cli
) -> None:
    newer = "\n\n@hookimpl\ndef covey_xylophony(recording, more):\n    raise ZeroDivisionError\n"
    optional = newer.replace("@hookimpl", "@hookimpl(optionalhook=True)").replace("xylophony", "painters")
    distribution("covey-newer", {"newer": "newer_plugin"}, newer_plugin=GOOD + newer + optional)
    registry = Registry.installed()
    assert registry.problems == []
    assert registry.get(Kind.CLUSTERER, "halves").__module__ == "newer_plugin"
    listed = covey("plugins", "list").stdout
    assert "The plugin 'newer' of covey-newer offers covey_xylophony. covey " in listed
    assert f"(API {API}) does not know that hook, a newer one may." in listed
    assert "painters" not in listed


def test_a_misspelt_hook_gets_the_nearest_and_stops_no_other(distribution: Distribution, covey: Cli) -> None:
    misspelt = "\n\n@hookimpl\ndef covey_comands():\n    return []\n"
    distribution("covey-misspelt", {"misspelt": "misspelt_plugin"}, misspelt_plugin=GOOD + misspelt)
    listed = covey("plugins", "list").stdout
    assert "offers covey_comands. Did you mean 'covey_commands'" in listed
    assert Registry.installed().find("halves").distribution == "covey-misspelt"


@pytest.mark.parametrize(
    ("source", "name", "nearest"),
    [
        ("from covey import hookimpl\n\n@hookimpl\ndef covey_comands():\n    return []\n", "comands", "commands"),
        (GOOD.replace("covey_clusterers", "covey_clusterer"), "clusterer", "clusterers"),
    ],
)
def test_a_plugin_that_offers_nothing_but_a_misspelt_hook_is_not_broken(
    distribution: Distribution, covey: Cli, source: str, name: str, nearest: str
) -> None:
    distribution("covey-misspelt", {"misspelt": "misspelt_plugin"}, misspelt_plugin=source)
    assert Registry.installed().problems == []
    listed = covey("plugins", "list").stdout
    assert f"covey-misspelt offers covey_{name}. Did you mean 'covey_{nearest}'" in listed


def test_one_name_in_two_distributions_is_refused_unless_told_apart(distribution: Distribution) -> None:
    distribution("first", {"same": "first_plugin"}, first_plugin=GOOD)
    distribution("second", {"same": "second_plugin"}, second_plugin=GOOD)
    registry = Registry.installed()
    with pytest.raises(CoveyError, match=r"say which, first:halves \(plugin same\) or second:halves"):
        registry.get(Kind.CLUSTERER, "halves")
    assert registry.get(Kind.CLUSTERER, "second:halves").__module__ == "second_plugin"


def test_one_name_for_two_kinds_is_told_apart_by_kind(distribution: Distribution, covey: Cli) -> None:
    distribution("other", {"other": "other_plugin"}, other_plugin=GOOD.replace('"halves"', '"pca"'))
    assert "reducer:pca or clusterer:pca" in covey("plugins", "show", "pca").stderr
    assert "The first half" in covey("plugins", "show", "clusterer:pca").stdout


def test_a_library_that_is_not_installed_is_named_with_its_pip_command(distribution: Distribution, covey: Cli) -> None:
    source = GOOD.replace('name = "halves"', 'name = "halves"\n    requires = {"not_there": "covey-halves[all]"}')
    distribution("covey-halves", {"halves": "halves_plugin"}, halves_plugin=source)
    listed = json.loads(covey("plugins", "list", "--json").stdout)
    status = {item["name"]: item["status"] for item in listed["components"]}
    assert status["halves"] == 'needs: pip install "covey-halves[all]"'
    with pytest.raises(CoveyError, match=r'is not installed: pip install "covey-halves\[all\]"'):
        Registry.installed().get(Kind.CLUSTERER, "halves")


def test_an_unknown_name_gets_the_nearest(registry: Registry) -> None:
    with pytest.raises(CoveyError, match=r"no clusterer 'dbscam'\. Did you mean 'dbscan' or 'hdbscan'\?"):
        registry.get(Kind.CLUSTERER, "dbscam")


@pytest.mark.usefixtures("brightness")
def test_broken_plugins_stop_no_run(distribution: Distribution, covey: Cli, images: Path, tmp_path: Path) -> None:
    distribution("covey-absent", {"absent": "absent_plugin"}, absent_plugin="import nowhere_to_be_found")
    distribution("covey-misspelt", {"misspelt": "misspelt_plugin"}, misspelt_plugin=GOOD.replace("_clusterers", "_cl"))
    distribution("covey-wrong", {"wrong": "wrong_plugin"}, wrong_plugin=GOOD.replace("yield Halves", "yield 3"))
    distribution("covey-gone", {"gone": "no_such_module"})
    done = covey("run", images, "--out", tmp_path / "out", "--extractor", "brightness", "--reducer", "pca")
    assert done.exit_code == 0
    assert len(Registry.installed().problems) == 3


def asking(folder: Path, distribution: str, expected: str) -> None:
    """Let a distribution made on the spot say which covey it needs."""
    (metadata,) = folder.glob(f"site-{distribution}/*.dist-info/METADATA")
    metadata.write_text(metadata.read_text("utf-8") + f"Requires-Dist: {expected}\n", "utf-8")


@pytest.mark.parametrize(
    ("source", "expected", "message"),
    [
        ("from covey import Sharpener", "", f"cannot import name 'Sharpener' .* (this is covey {__version__})"),
        ("import covey.sharpening", "", f"No module named 'covey.sharpening' (this is covey {__version__})"),
        ("import covey\ncovey.Sharpener", "", f"has no attribute 'Sharpener' (this is covey {__version__})"),
        (
            "from covey import Sharpener",
            'covey[timm]>=0.0.1,<0.0.9; python_version >= "3"',
            f"(this is covey {__version__}, and the plugin asks for >=0.0.1,<0.0.9)",
        ),
        (GOOD.replace("ge=1", "least=1"), "covey (>=7)", f"this is covey {__version__}, and the plugin asks for >=7"),
    ],
)
def test_a_plugin_of_another_covey_is_told_which_one_this_is(
    distribution: Distribution, tmp_path: Path, source: str, expected: str, message: str
) -> None:
    distribution("covey-old", {"old": "old_plugin"}, old_plugin=source)
    if expected:
        asking(tmp_path, "covey-old", expected)
    reason = reasons(Registry.installed())["old"]
    assert all(part in reason for part in message.split(" .* "))


def test_a_plugin_that_lacks_something_else_is_told_nothing_of_covey(distribution: Distribution) -> None:
    distribution("covey-other", {"other": "other_plugin"}, other_plugin="import coveyor")
    assert reasons(Registry.installed())["other"] == "ModuleNotFoundError: No module named 'coveyor'"


def test_a_plugin_with_a_heavy_import_works_and_is_warned_of(distribution: Distribution, covey: Cli) -> None:
    distribution("covey-slow", {"slow": "slow_plugin"}, slow_plugin=f"import tensorflow\n{GOOD}", tensorflow="")
    listed = covey("plugins", "list").stdout
    assert "The plugin 'slow' of covey-slow makes covey slow: it imports tensorflow when it is listed" in listed


def test_a_heavy_import_is_warned_of_in_json_too(distribution: Distribution, covey: Cli) -> None:
    distribution("covey-slow", {"slow": "slow_plugin"}, slow_plugin=f"import tensorflow\n{GOOD}", tensorflow="")
    document = json.loads(covey("plugins", "list", "--json").stdout)
    assert [warning["plugin"] for warning in document["warnings"]] == ["slow"]
    assert "halves" in [item["name"] for item in document["components"]]
    assert document["problems"] == []


@pytest.mark.parametrize(
    ("use", "message"),
    [
        ("halves", 'needs a library that is not installed: pip install "covey-halves[all]"'),
        ("pca", "There is no clusterer 'pca'. There is a reducer of that name."),
        ("broken", "The plugin 'broken' is installed but broken: ModuleNotFoundError"),
        ("covey-far:cells", "To install it: pip install covey-far"),
    ],
)
def test_a_plugin_that_a_config_names_and_that_is_not_there(
    distribution: Distribution, covey: Cli, tmp_path: Path, use: str, message: str
) -> None:
    needy = GOOD.replace('name = "halves"', 'name = "halves"\n    requires = {"not_there": "covey-halves[all]"}')
    distribution("covey-halves", {"halves": "halves_plugin"}, halves_plugin=needy)
    distribution("covey-broken", {"broken": "broken_plugin"}, broken_plugin="import nowhere_to_be_found")
    config = tmp_path / "covey.toml"
    config.write_text(f'dataset = "birds"\n[[clusterer]]\nuse = "{use}"\n', "utf-8")
    done = covey("run", config)
    assert done.exit_code == 2
    assert "covey.toml, line 3: " in done.stderr
    assert message in done.stderr
