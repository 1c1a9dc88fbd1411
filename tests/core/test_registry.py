"""Plugins come and go, some are broken; none harms another."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import Result

from covey import CoveyError
from covey.registry import Registry

Distribution = Callable[..., None]
Cli = Callable[..., Result]

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


def reasons(registry: Registry) -> dict[str, str]:
    return {problem.plugin: problem.reason for problem in registry.problems}


def test_a_third_party_component_is_like_any_other(distribution: Distribution, covey: Cli) -> None:
    distribution("covey-halves", {"halves": "halves_plugin"}, halves_plugin=GOOD)
    listed = covey("plugins", "list")
    assert "halves" in listed.stdout
    assert "The first half and the second." in listed.stdout
    assert "How many." in covey("plugins", "show", "halves").stdout


def test_built_in_components_are_all_found(registry: Registry) -> None:
    assert registry.problems == []
    found = {(item.kind, item.name) for item in registry.components}
    assert found >= {
        ("extractor", "torchvision"), ("extractor", "timm"), ("reducer", "umap"), ("reducer", "pca"),
        ("clusterer", "dbscan"), ("clusterer", "hdbscan"), ("storage", "npz"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import nowhere_to_be_found", "No module named 'nowhere_to_be_found'"),
        ("raise SystemExit(3)", "SystemExit"),
        ("1 +", "SyntaxError"),
        (GOOD.replace("covey_clusterers", "covey_clusterer"), "unknown hook 'covey_clusterer'"),
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


def test_one_name_in_two_distributions_is_refused_unless_told_apart(distribution: Distribution) -> None:
    distribution("first", {"same": "first_plugin"}, first_plugin=GOOD)
    distribution("second", {"same": "second_plugin"}, second_plugin=GOOD)
    registry = Registry.installed()
    with pytest.raises(CoveyError, match=r"say which, first:halves \(plugin same\) or second:halves"):
        registry.get("clusterer", "halves")
    assert registry.get("clusterer", "second:halves").__module__ == "second_plugin"


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
        Registry.installed().get("clusterer", "halves")


def test_an_unknown_name_gets_the_nearest(registry: Registry) -> None:
    with pytest.raises(CoveyError, match=r"no clusterer 'dbscam'\. Did you mean 'dbscan' or 'hdbscan'\?"):
        registry.get("clusterer", "dbscam")
