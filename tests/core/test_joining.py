"""Tables are joined by name, never by position, and every set of features counts the same."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.fixture_types import Cli, Distribution

import covey as public
from covey import CoveyError, Embedding, Features
from covey.analysis.join_tables import Join, join_tables
from covey.components.kinds import Kind
from covey.components.options import build
from covey.data.folder import FolderDataset
from covey.data.formats import npz
from covey.experiments.experiment import from_flags, read_experiment
from covey.experiments.jobs import command_words, to_toml
from covey.outputs.methods_text import describe_methods
from covey.plugins.registry import Registry
from covey.testing import Brightness, tiny_tables

CONTRAST = """
import numpy as np
from covey import CoveyError, FeatureExtractor, component, hookimpl, option

@component
class Contrast(FeatureExtractor):
    "Numbers of another scale and width, and a word about one kind of image."

    name = "contrast"
    layers: tuple[str, ...] = option(default=("wide",), choices=("wide", "narrow"), plural=True, help="Which.")

    @property
    def tag(self):
        return f"contrast_{self.layers[0]}"

    def load(self, runtime):
        widths = {"wide": 40, "narrow": 2}
        return lambda pixels: [
            1000 * pixels.reshape(len(pixels), -1)[:, : widths[layer]].astype(np.float32) for layer in self.layers
        ]

@hookimpl
def covey_feature_extractors():
    yield Contrast
"""
QUICK = ("--reducer", "pca", "--set", "reducer.sizes=2", "--set", "clusterer.min_samples=3")


@pytest.fixture
def contrast(brightness: None, distribution: Distribution) -> None:
    """Install the extractors `brightness` and `contrast`."""
    distribution("covey-contrast", {"contrast": "covey_contrast"}, covey_contrast=CONTRAST)


def features(names: str, columns: int = 2) -> Features:
    X = np.array([[10 * ord(name) + column**2 for column in range(columns)] for name in names], dtype=np.float32)
    return Features(names=list(names), X=X, provenance=None)


def embedding(names: str) -> Embedding:
    Z = features(names).X
    return Embedding(names=list(names), Z=Z, map=-Z, provenance=None)


def draw_features(rows: int, columns: int, seed: int) -> Features:
    """Return features whose columns have variances from 1 to 100 and are correlated."""
    random = np.random.default_rng(seed)
    mixture = random.normal(size=(columns, columns)) * np.linspace(1, 10, columns)
    X = (random.normal(size=(rows, columns)) @ mixture + 7).astype(np.float32)
    return Features(names=[f"{row}.png" for row in range(rows)], X=X, provenance=None)


def squared_distances(X: NDArray[Any]) -> NDArray[np.float64]:
    """Return the squared distance of each pair of different rows."""
    first, second = np.triu_indices(len(X), 1)
    distances: NDArray[np.float64] = ((X[first].astype(np.float64) - X[second]) ** 2).sum(axis=1)
    return distances


def standardise(X: NDArray[Any]) -> NDArray[np.float64]:
    scaled: NDArray[np.float64] = (X - X.mean(axis=0, dtype=np.float64)) / X.std(axis=0, dtype=np.float64)
    return scaled


def whiten(X: NDArray[np.float64], strength: float) -> NDArray[np.float64]:
    """Return the principal components of X, scaled by variance^(-strength/2), by another way than covey's."""
    left, values, _ = np.linalg.svd(X, full_matrices=False)
    deviations = values / np.sqrt(len(X))
    used = deviations > deviations[0] * 1e-4
    whitened: NDArray[np.float64] = (left * values * deviations ** (-strength))[:, used]
    return whitened


def test_rows_are_matched_by_name_in_the_order_of_the_first() -> None:
    left, right = features("cab"), features("bxca", columns=3)
    joined = join_tables([left, right]).table
    assert joined.names.tolist() == ["c", "a", "b"]
    same_rows = attrs.evolve(right, names=list("cab"), X=right.X[[2, 3, 0]])
    np.testing.assert_array_equal(joined.X, join_tables([left, same_rows]).table.X)
    assert joined.X.shape == (3, 5)
    assert joined.X.dtype == np.float32


@pytest.mark.parametrize(("strength", "rows"), [(0.0, 50), (0.5, 50), (1.0, 50), (0.5, 12)])
def test_each_set_has_the_same_part_in_distances(strength: float, rows: int) -> None:
    narrow, wide = draw_features(rows, 3, 0), draw_features(rows, 30, 1)
    joined = join_tables([narrow, wide], Join(whiten=strength)).table.X
    blocks = [standardise(table.X) for table in (narrow, wide)]
    if strength:
        blocks = [whiten(block, strength) for block in blocks]
    expected = sum(squared_distances(block) / block.var(axis=0).sum() for block in blocks)
    ratios = squared_distances(joined) / expected
    np.testing.assert_allclose(ratios, ratios.mean(), rtol=1e-4)


def test_reducers_that_standardise_columns_leave_the_weights_as_they_are() -> None:
    joined = join_tables([draw_features(50, 3, 0), draw_features(50, 30, 1)], Join(whiten=0.5)).table.X
    ratios = squared_distances(standardise(joined)) / squared_distances(joined)
    np.testing.assert_allclose(ratios, ratios.mean(), rtol=1e-4)


def test_three_sets_count_a_third_each() -> None:
    tables = [draw_features(50, columns, columns) for columns in (2, 9, 4)]
    expected = sum(squared_distances(standardise(table.X)) / table.X.shape[1] for table in tables)
    ratios = squared_distances(join_tables(tables).table.X) / expected
    np.testing.assert_allclose(ratios, ratios.mean(), rtol=1e-4)


def test_features_that_are_the_same_for_all_images_count_nothing() -> None:
    table = draw_features(20, 4, 0)
    flat = attrs.evolve(table, X=np.full((20, 3), 5, np.float32))
    joined = join_tables([table, flat]).table.X
    ratios = squared_distances(joined) / squared_distances(standardise(table.X))
    np.testing.assert_allclose(ratios, ratios.mean(), rtol=1e-4)


def test_copies_of_an_image_do_not_move_the_others() -> None:
    table = draw_features(20, 4, 0)
    rows = [*range(20), *[3] * 30]
    names = [*table.names.tolist(), *(f"copy{number}.png" for number in range(30))]
    with_copies = attrs.evolve(table, names=names, X=table.X[rows])
    contents = {name: str(row) for name, row in zip(names, rows, strict=True)}
    joined = join_tables([with_copies, with_copies], contents=contents).table.X
    np.testing.assert_allclose(joined[:20], join_tables([table, table]).table.X, rtol=1e-5)


def test_a_joined_embedding_keeps_its_distances_and_the_map_of_the_first() -> None:
    joined = join_tables([embedding("cab"), embedding("ba")]).table
    assert joined.names.tolist() == ["a", "b"]
    assert joined.Z.shape == (2, 4)
    np.testing.assert_array_equal(joined.map, embedding("ab").map)
    steep = attrs.evolve(embedding("abcd"), Z=np.array([[0, 0], [9, 0], [9, 1], [0, 1]], np.float32))
    ratios = squared_distances(join_tables([steep, steep]).table.Z) / squared_distances(steep.Z)
    np.testing.assert_allclose(ratios, ratios.mean(), rtol=1e-5)


def test_the_balance_names_images_that_a_table_lacks() -> None:
    joined = join_tables([features("abc"), features("cdefgh")])
    message = "Of 8 images 1 used; 2 not in table 2 (a, b); 5 not in table 1 (d, e, f and 2 more)."
    assert joined.balance == message
    assert join_tables([features("ab"), features("ba")]).balance == "Of 2 images 2 used."


@pytest.mark.parametrize(
    ("first", "second", "sentence"),
    [
        (features("ab"), features("xy"), "share no image .they begin with 'a' and 'x'"),
        (features("ab"), features(""), "share no image .they begin with 'a' and no image"),
        (features("ab"), embedding("ab"), "of one kind can be joined, not features and embedding"),
        (features("aba"), features("ab"), "'a' stands twice"),
        (features("ab"), features("abb"), "'b' stands twice"),
    ],
)
def test_tables_that_do_not_fit_are_refused(first: Any, second: Any, sentence: str) -> None:
    with pytest.raises(CoveyError, match=sentence):
        join_tables([first, second])


def test_a_joined_table_is_kept_under_a_key_of_its_own(tmp_path: Path) -> None:
    first, second, _ = tiny_tables(["a.png", "b.png"])
    assert isinstance(first, Features)
    assert isinstance(second, Embedding)
    assert first.provenance is not None
    others = [attrs.evolve(first, provenance=attrs.evolve(first.provenance, version=number)) for number in (2, 3)]
    tables = [
        join_tables([first, others[0]]).table,
        join_tables([first, others[1]]).table,
        join_tables([others[0], first]).table,
        join_tables([first, others[0]], Join(whiten=0.5)).table,
    ]
    dataset = FolderDataset(tmp_path)
    dataset.save([*tables, join_tables([second, second]).table])
    assert len(dataset.entries()) == 5
    for table in tables:
        assert table.provenance is not None
        entry = dataset.find(table.provenance.key)
        assert entry is not None
        stored = dataset.load(entry)
        assert isinstance(stored, Features)
        np.testing.assert_array_equal(stored.X, table.X)
        assert stored.provenance == table.provenance
        assert [step.component for step in table.provenance.lineage] == ["brightness", "brightness", "join"]


def test_extractors_are_joined_in_a_run(covey: Cli, images: Path, contrast: None) -> None:
    flags = ("--join", "brightness,contrast", "--whiten", "0,0.5", *QUICK)
    dry = covey("run", images, *flags, "--dry-run").stdout
    assert [line.split() for line in dry.splitlines() if "join" in line] == [["extractor", "2", "0", "2", "join"]]
    done = covey("run", images, *flags)
    assert done.exit_code == 0, done.output
    assert "brightness+contrast_wide: Of 24 images 24 used." in done.stderr
    dataset = FolderDataset(images)
    stems = {entry.stem.partition("~")[0]: entry for entry in dataset.entries()}
    for name in ("brightness+contrast_wide", "brightness+contrast_wide-whiten0.5", "brightness", "contrast_wide"):
        assert f"full_features_{name}" in stems
        assert f"dimred_2_neigh_0_pca_{name}" in stems
        assert f"clusters_dbscan-min_samples3_2_neigh_0_pca_{name}" in stems
    lineage = stems["clusters_dbscan-min_samples3_2_neigh_0_pca_brightness+contrast_wide"].provenance
    assert lineage is not None
    components = [step.component for step in lineage.lineage]
    assert components == ["brightness", "contrast", "join", "pca", "dbscan"]
    assert "0 tables made" in covey("run", images, *flags).stdout
    assert "12 kept" in covey("run", images, *flags, "--dry-run").stdout


def test_a_file_says_what_is_joined(tmp_path: Path, images: Path, contrast: None) -> None:
    registry = Registry.installed()
    path = tmp_path / "covey.toml"
    path.write_text(
        f"dataset = '{images.as_posix()}'\njoin = ['covey-contrast:contrast', 'brightness']\nwhiten = [0, 1]\n"
        "[[extractor]]\nuse = 'brightness'\nbands = 2\n"
    )
    experiment = read_experiment(path, registry)
    assert [extractor.name for extractor in experiment.extractors] == ["brightness", "contrast"]
    assert experiment.joins == (Join(), Join(whiten=1))
    (tmp_path / "again.toml").write_text(to_toml(experiment, registry))
    assert read_experiment(tmp_path / "again.toml", registry) == experiment
    flags = from_flags(images.as_posix(), None, {}, [], registry, join=["contrast", "brightness"], whiten="0.5")
    words = command_words(flags, registry)
    assert words is not None
    assert words[words.index("--join") + 1] == "contrast,brightness"
    assert words[words.index("--whiten") + 1] == "0.5"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("join = ['brightness']", "line 1: join needs two or more different sets of features, not brightness."),
        ("join = ['contrast', 'contrast']", "line 1: join needs two or more different"),
        ("join = 'brightness'", "line 1: join must be a list of texts, not 'brightness'."),
        ("whiten = 0.5", "line 1: whiten counts for features that are joined: say which with join."),
        ("join = ['brightness', 'contrast']\nwhiten = 2", "line 2: join: option 'whiten' must be a number at least 0"),
    ],
)
def test_a_wrong_join_is_named_with_its_line(text: str, sentence: str, tmp_path: Path, contrast: None) -> None:
    path = tmp_path / "covey.toml"
    path.write_text(f"{text}\ndataset = '.'\n")
    with pytest.raises(CoveyError) as caught:
        read_experiment(path, Registry.installed())
    assert sentence in str(caught.value)


def test_a_name_that_means_several_sets_is_not_guessed(covey: Cli, images: Path, contrast: None) -> None:
    both = ("--set", "extractor.layers=wide,narrow")
    refused = covey("run", images, "--extractor", "contrast", *both, "--join", "contrast,brightness", "--dry-run")
    assert refused.exit_code == 2
    assert "join: 'contrast' may mean contrast_wide, contrast_narrow: write one of these names" in refused.stderr
    clear = covey("run", images, "--extractor", "contrast", *both, "--join", "contrast_wide,contrast_narrow", *QUICK)
    assert clear.exit_code == 0, clear.output
    (earlier,) = images.glob("full_features_contrast_narrow~*.npz")
    shutil.copyfile(earlier, images / "brightness.npz")
    refused = covey("run", images, "--join", "contrast,brightness", "--dry-run")
    assert "'brightness' may mean full_features_brightness~" in refused.stderr
    assert ", brightness.npz: write one of these names" in refused.stderr
    stem = re.findall(r"full_features_brightness~\w+", refused.stderr)[0]
    for name in (stem, "brightness.npz"):
        assert (
            covey("run", images, "--extractor", "brightness", "--join", f"contrast,{name}", "--dry-run").exit_code == 0
        )
    (images / "brightness.npz").unlink()
    unknown = covey("run", images, "--join", "brightness,contrats", "--dry-run")
    assert unknown.exit_code == 2
    assert "there are no features 'contrats', nor an extractor of that name." in unknown.stderr
    same = covey("run", images, "--join", "contrast,contrast_wide", "--dry-run")
    assert "'contrast' and 'contrast_wide' are the same features" in same.stderr


def test_features_that_are_there_are_joined_and_what_one_lacks_is_left_out(
    covey: Cli, images: Path, tmp_path: Path, contrast: None
) -> None:
    assert covey("run", images, "--extractor", "brightness", *QUICK).exit_code == 0
    names = sorted(path.name for path in images.glob("*.png"))[:20]
    lines = ["filename,a,b", *(f"{name},{len(names) - row},{row**2}" for row, name in enumerate(names))]
    (tmp_path / "call.csv").write_text("\n".join(lines))
    assert covey("import", "features", images, tmp_path / "call.csv").exit_code == 0
    dataset = FolderDataset(images)
    first, second = (entry.name for entry in sorted(dataset.features(), key=lambda entry: -entry.shape[0]))
    done = covey("run", images, "--join", f"{first},{second}", *QUICK)
    assert done.exit_code == 0, done.output
    assert "Of 24 images 20 used; 4 not in" in done.stderr
    (clustering,) = [entry for entry in FolderDataset(images).clusterings() if entry.shape[0] == 20]
    info = json.loads(covey("info", images / clustering.name, "--json").stdout)
    assert list(info["provenance"]["source"]["source"]["details"]["lacking"].values()) == [4]
    assert ", 4 images not in" in covey("info", images / clustering.name).stdout
    compared = covey("compare", images)
    assert compared.exit_code == 0
    assert clustering.stem.partition("~")[0] in compared.stdout.replace("\n", "")


def test_a_joined_table_is_made_again_bit_for_bit(covey: Cli, images: Path, contrast: None) -> None:
    (images / "broken.png").write_bytes(b"no picture")
    assert covey("run", images, "--join", "contrast,brightness", "--whiten", "0.5", *QUICK).exit_code == 0
    (path,) = images.glob("clusters_*+*.npz")
    again = covey("run", "--like", path)
    assert again.exit_code == 0, again.output
    steps = [line.split()[0] for line in again.stdout.splitlines() if line.endswith(" identical")]
    assert steps == ["contrast", "brightness", "join", "pca", "dbscan"]
    provenance = npz.read_entry(path).provenance
    assert provenance is not None
    methods = describe_methods(provenance, Registry.installed())
    assert "The features of contrast_wide and brightness were joined by image with join (version 2" in methods
    assert "each feature was standardised, the principal components of each set were scaled by their" in methods
    assert methods.index("with contrast (") < methods.index("with brightness (") < methods.index("with pca")


def test_sets_of_different_images_are_made_again_each_from_its_own(covey: Cli, images: Path, contrast: None) -> None:
    assert covey("run", images, "--extractor", "contrast", *QUICK).exit_code == 0
    (earlier,) = images.glob("full_features_contrast_*.npz")
    shutil.copyfile(images / "call_05.png", images / "call_new.png")
    done = covey("run", images, "--join", f"{earlier},brightness", *QUICK)
    assert "Of 25 images 24 used; 1 not in contrast_wide (call_new.png)." in done.stderr
    (path,) = images.glob("clusters_*+*.npz")
    again = covey("run", "--like", path)
    assert "Identical, bit for bit." in again.stdout, again.output


def test_python_joins_too(images: Path, contrast: None) -> None:
    pca = build(Registry.installed().get(Kind.REDUCER, "pca"), {"sizes": [2]})
    names = ["brightness", "contrast"]
    results = public.run(str(images), extractors=[Brightness(bands=2)], reducers=[pca], join=names, whiten=0.5)
    titles = [entry.provenance.title for entry in results.clusterings if entry.provenance]
    assert "dbscan · pca · brightness-bands2+contrast_wide-whiten0.5" in titles
    with pytest.raises(CoveyError, match="option 'whiten' must be a number at least 0 and at most 1, not 3"):
        public.run(str(images), join=names, whiten=3)
