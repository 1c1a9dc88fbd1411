"""Whatever a plugin raises, the user reads one sentence that names the plugin, and everything else goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.fixture_types import Cli, Distribution

from covey import CoveyError, FeatureExtractor, Prepared, Runtime
from covey.components.contracts import PublishOptions
from covey.components.fitting import load_extractor
from covey.components.guard import PluginFailure, guard_call
from covey.components.kinds import Kind
from covey.components.options import allowed_choices, build
from covey.data.provenance import Provenance
from covey.plugins.locations import open_dataset
from covey.plugins.registry import Registry
from covey.testing import tiny_dataset, tiny_images

SOURCE = """
import click
from covey import Clusterer, CoveyError, Dataset, FeatureExtractor, Prepared, Reducer, Storage
from covey import component, hookimpl, option
from covey.authoring import FolderDataset, VisionExtractor, layers_option

def boom(*arguments):
    raise ValueError("boom\\nhere")

@component
class BoomExtractor(FeatureExtractor):
    name = "boom_extractor"
    where: str = option(default="", help="Where it fails.")
    model: str = option(default="", choices=boom, help="A model.")

    def identity(self):
        return boom() if self.where == "identity" else {"is_plain": self.where != "json" or object}

    @property
    def tag(self):
        return boom() if self.where == "tag" else "boom"

    def load(self, runtime):
        return boom() if self.where == "load" else boom

    def available_layers(self):
        boom()

    def __attrs_post_init__(self):
        super().__attrs_post_init__()
        if self.where == "start":
            boom()

@component
class BoomReducer(Reducer):
    name = "boom_reducer"
    where: str = option(default="", help="Where it fails.")

    def reduce(self, X, sizes):
        for size in sizes:
            yield boom() if self.where != "refuse" else self.refuse()

    def refuse(self):
        raise CoveyError("Not with these data.")

    def transform(self, X, Z, X_new):
        raise MemoryError

@component
class Modelless(VisionExtractor):
    name = "modelless"
    layers: tuple[str, ...] = layers_option("0")

    def network(self):
        boom()

class BoomPrepared(Prepared):
    def labels(self, clusterer):
        boom()
    def values(self, option):
        return map(boom, [1])
    def suggest(self, option):
        boom()

@component
class BoomClusterer(Clusterer):
    name = "boom_clusterer"

    def resolve(self, Z):
        boom()
    def cluster(self, Z):
        boom()
    def prepare(self, Z, progress=None):
        return BoomPrepared()

class BoomDataset(FolderDataset):
    def entries(self):
        boom()
    @property
    def images(self):
        boom()
    def save(self, tables, compress=False):
        boom()

@component
class BoomStorage(Storage):
    name = "boom"

    def fetch(self, place, progress=None):
        if place == "fetch":
            raise IsADirectoryError(21, "Is a directory", place)
    def open(self, place):
        from pathlib import Path
        return boom() if place == "open" else BoomDataset(Path(place))
    def publish(self, dataset, place, options, progress=None):
        boom()

@click.command()
@click.option("--how", default="boom")
def learn(how):
    if how == "usage":
        raise click.UsageError("not so")
    if how == "exit":
        click.get_current_context().exit(5)
    boom()

@hookimpl
def covey_feature_extractors():
    yield BoomExtractor
    yield Modelless
@hookimpl
def covey_reducers():
    yield BoomReducer
@hookimpl
def covey_clusterers():
    yield BoomClusterer
@hookimpl
def covey_storages():
    yield BoomStorage
@hookimpl
def covey_commands():
    yield learn
"""
ROWS = np.zeros((4, 3), dtype=np.float32)
PIXELS = np.zeros((1, 8, 8, 3), dtype=np.uint8)


@pytest.fixture
def plugin(distribution: Distribution) -> Registry:
    """A plugin whose components fail at every call."""
    distribution("covey-boom", {"boom": "covey_boom"}, covey_boom=SOURCE)
    registry = Registry.installed()
    assert "covey-boom" not in {problem.distribution for problem in registry.problems}
    return registry


Call = Callable[[Registry], object]


def _extractor(call: Callable[[FeatureExtractor], object], where: str = "") -> Call:
    return lambda registry: call(build(registry.get(Kind.EXTRACTOR, "boom_extractor"), {"where": where}))


CALLS: dict[str, tuple[Call, str]] = {
    "identity": (_extractor(lambda it: Provenance.of(it, "0" * 64), "identity"), "boom_extractor .* in identity"),
    "json": (_extractor(lambda it: Provenance.of(it, "0" * 64), "json"), "boom_extractor .* in identity .TypeError"),
    "tag": (_extractor(lambda it: it.tag, "tag"), "boom_extractor .* in tag"),
    "model": (
        lambda registry: Provenance.of(registry.get(Kind.EXTRACTOR, "modelless")(), "0" * 64),
        "modelless .* in tag .AttributeError",
    ),
    "load": (_extractor(lambda it: it.load(Runtime()), "load"), "boom_extractor .* in load"),
    "extract": (_extractor(lambda it: load_extractor(it, Runtime(), None)(PIXELS)), "boom_extractor .* in load"),
    "layers": (_extractor(lambda it: it.available_layers()), "boom_extractor .* in available_layers"),
    "choices": (_extractor(lambda it: allowed_choices(it, "model")), "boom_extractor .* in the choices of 'model'"),
    "start": (_extractor(lambda it: it, "start"), "boom_extractor .* in the check of its options"),
    "reduce": (
        lambda registry: list(registry.get(Kind.REDUCER, "boom_reducer")().reduce(ROWS, [2])),
        "boom_reducer .* in reduce",
    ),
    "resolve": (
        lambda registry: registry.get(Kind.CLUSTERER, "boom_clusterer")().resolve(ROWS),
        "boom_clusterer .* in resolve",
    ),
    "labels": (lambda registry: _prepare(registry).labels(None), "BoomPrepared .* in labels"),
    "values": (lambda registry: list(_prepare(registry).values("eps")), "BoomPrepared .* in values"),
    "suggest": (lambda registry: _prepare(registry).suggest("eps"), "BoomPrepared .* in suggest"),
    "fetch": (lambda registry: open_dataset(registry, "boom:fetch"), "boom .* in fetch .IsADirectoryError"),
    "open": (lambda registry: open_dataset(registry, "boom:open"), "boom .* in open"),
    "entries": (lambda registry: open_dataset(registry, "boom:x").entries(), "BoomDataset .* in entries"),
    "features": (lambda registry: open_dataset(registry, "boom:x").features(), "BoomDataset .* in entries"),
    "images": (lambda registry: open_dataset(registry, "boom:x").images, "BoomDataset .* in images"),
    "save": (lambda registry: open_dataset(registry, "boom:x").save([]), "BoomDataset .* in save"),
    "publish": (
        lambda registry: registry.get(Kind.STORAGE, "boom")().publish(
            open_dataset(registry, "boom:x"), "y", PublishOptions()
        ),
        "boom .* in publish",
    ),
}


def _prepare(registry: Registry) -> Prepared:
    prepared = registry.get(Kind.CLUSTERER, "boom_clusterer")().prepare(ROWS)
    assert prepared is not None
    return prepared


@pytest.mark.parametrize(("call", "pattern"), CALLS.values(), ids=CALLS)
def test_every_call_into_a_plugin_names_it_with_its_version(plugin: Registry, call: Call, pattern: str) -> None:
    with pytest.raises(PluginFailure, match=pattern) as caught:
        call(plugin)
    assert " of covey-boom 1.0 failed in " in str(caught.value)
    assert str(caught.value).endswith(": try other options, or tell its authors.")
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value.__cause__, ValueError | TypeError | AttributeError | IsADirectoryError)


def test_an_error_for_users_and_a_lack_of_memory_pass_as_they_are(plugin: Registry) -> None:
    reducer = build(plugin.get(Kind.REDUCER, "boom_reducer"), {"where": "refuse"})
    with pytest.raises(CoveyError, match=r"^Not with these data\.$"):
        list(reducer.reduce(ROWS, [2]))
    with pytest.raises(MemoryError):
        reducer.transform(ROWS, ROWS, ROWS)


@pytest.mark.usefixtures("plugin")
def test_a_function_of_a_hook_is_called_within_the_same_guard() -> None:
    with (
        pytest.raises(PluginFailure, match=r"speed of covey-boom 1\.0 failed in measure .KeyError: 'x'"),
        guard_call("speed", "covey_boom.measures", "measure"),
    ):
        raise KeyError("x")


@pytest.mark.usefixtures("plugin", "brightness")
@pytest.mark.parametrize("where", ["identity", "json", "tag", "load", ""])
def test_a_broken_combination_is_reported_at_the_end_and_stops_no_other(covey: Cli, tmp_path: Path, where: str) -> None:
    tiny_images(tmp_path / "birds" / "images", count=12)
    toml = tmp_path / "covey.toml"
    toml.write_text(
        f"""
        dataset = "birds"
        extractor = [{{use = "boom_extractor", where = "{where}"}}, {{use = "brightness"}}]
        reducer = [{{use = "boom_reducer"}}, {{use = "pca", sizes = [2]}}]
        clusterer = [{{use = "boom_clusterer"}}, {{use = "kmeans", clusters = 2}}]
        """
    )
    done = covey("run", toml)
    assert done.exit_code == 1
    assert "3 tables made" in done.stdout
    assert "boom_extractor of covey-boom 1.0 failed in" in done.stderr
    assert "boom_reducer of covey-boom 1.0 failed in reduce (ValueError: boom here)" in done.stderr
    assert "boom_clusterer of covey-boom 1.0 failed in resolve (ValueError: boom here)" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("plugin", "brightness")
def test_features_that_cannot_be_joined_are_named_in_the_balance(covey: Cli, tmp_path: Path) -> None:
    tiny_images(tmp_path / "images", count=12)
    toml = tmp_path / "covey.toml"
    toml.write_text(
        """
        dataset = "."
        join = ["boom_extractor", "brightness"]
        extractor = [{use = "boom_extractor", where = "tag"}, {use = "brightness"}]
        reducer = {use = "pca", sizes = [2]}
        clusterer = {use = "kmeans", clusters = 2}
        """
    )
    done = covey("run", toml)
    assert done.exit_code == 1
    assert "3 tables made" in done.stdout
    sentence = "boom_extractor+brightness cannot be joined, because boom_extractor cannot be used."
    assert sentence in " ".join(done.stderr.split())


@pytest.mark.usefixtures("plugin")
def test_a_plan_names_the_components_that_it_leaves_out(covey: Cli, tmp_path: Path) -> None:
    tiny_images(tmp_path / "images", count=4)
    done = covey("run", tmp_path, "--extractor", "boom_extractor", "--set", "extractor.where=tag", "--dry-run")
    assert done.exit_code == 0
    assert "boom_extractor of covey-boom 1.0 failed in tag (ValueError: boom here)" in done.stderr


@pytest.mark.usefixtures("plugin")
def test_a_command_of_a_plugin_fails_with_a_sentence_and_shows_its_traceback_on_demand(covey: Cli) -> None:
    done = covey("learn")
    assert done.exit_code == 2
    assert "Error: covey learn of covey-boom 1.0 failed in its command (ValueError: boom here)" in done.stderr
    assert "Traceback" not in done.stderr
    assert "ValueError: boom" in covey("--traceback", "learn").stderr
    assert covey("learn", "--how", "exit").exit_code == 5
    assert "not so" in covey("learn", "--how", "usage").stderr


@pytest.mark.usefixtures("plugin")
def test_a_dataset_that_cannot_be_published_is_said_in_one_sentence(covey: Cli, tmp_path: Path) -> None:
    tiny_dataset(tmp_path / "birds")
    done = covey("push", tmp_path / "birds", "boom:y")
    assert done.exit_code == 2
    assert done.stderr.startswith("Error: boom of covey-boom 1.0 failed in publish (ValueError: boom here)")
