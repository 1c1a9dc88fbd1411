"""The methods text, and making a result again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.fixture_types import Cli

from covey._version import CITATION
from covey.components.kinds import STEPS, Kind
from covey.components.options import option_values
from covey.data.formats import npz
from covey.data.provenance import Provenance
from covey.outputs.methods_text import describe_methods
from covey.plugins.registry import Registry

WORDS = (
    "--extractor",
    "brightness",
    "--reducer",
    "pca",
    "--set",
    "reducer.sizes=2",
    "--set",
    "clusterer.min_samples=3",
)

pytestmark = pytest.mark.usefixtures("brightness")


@pytest.fixture
def path(covey: Cli, images: Path) -> Path:
    (images / "empty.png").write_bytes(b"")
    assert covey("run", images, *WORDS).exit_code == 0
    return next(images.glob("clusters_*.npz"))


def read_provenance(path: Path) -> Provenance:
    computed = npz.read_entry(path).provenance
    assert computed is not None
    return computed


def test_everything_that_made_a_result_is_named(path: Path, registry: Registry) -> None:
    text = describe_methods(read_provenance(path), registry)
    assert text.startswith("24 spectrogram images of 48 x 32 pixels (1 broken one was left out) were described")
    for step in read_provenance(path).lineage:
        cls = registry.get(step.kind, step.component)
        assert f"{step.component} " in text
        for name in option_values(cls()):
            assert f"{name} = " in text
        for reference in cls.references:
            assert reference in text
    assert f"The data decided eps = {read_provenance(path).details.chosen['eps']}" in text
    assert f"numpy {np.__version__}" in text
    assert f"To cite covey: {CITATION}." in text
    assert "[3] Ester" in text


def test_every_built_in_component_has_references(registry: Registry) -> None:
    computing = [item for item in registry.components if item.kind in STEPS and item.distribution == "covey"]
    assert len(computing) >= 9
    assert not [item.name for item in computing if not item.cls.references]


def test_the_methods_text_says_whose_layout_umap_is(registry: Registry) -> None:
    provenance = Provenance.of(registry.get(Kind.REDUCER, "umap")(), "key of the images")
    text = describe_methods(provenance, registry)
    assert "the neighbour graph and the spectral start were computed by umap-learn; the layout was optimised by" in text
    assert "principal components scaled by their variance to the power of -whiten / 2" in text
    assert "Kessy, A., Lewin, A. and Strimmer, K. (2018)" in text
    assert "covey's own implementation of section 4 of the paper" in text


def test_a_component_that_is_gone_is_described_without_references(path: Path) -> None:
    text = describe_methods(read_provenance(path), Registry())
    assert "clustered with dbscan (version" in text
    assert "[1]" not in text


def test_a_result_made_again_is_identical(covey: Cli, path: Path) -> None:
    before = {file.name: file.read_bytes() for file in path.parent.iterdir() if file.is_file()}
    Image.new("RGB", (48, 32)).save(path.parent / "later.png")
    done = covey("run", "--like", path)
    assert done.exit_code == 0, done.stderr
    assert [line.split() for line in done.stdout.splitlines()[1:4]] == [
        ["brightness", "identical"], ["pca", "identical"], ["dbscan", "identical"],
    ]  # fmt: skip
    assert done.stdout.splitlines()[-1] == "Identical, bit for bit."
    (path.parent / "later.png").unlink()
    assert {file.name: file.read_bytes() for file in path.parent.iterdir() if file.is_file()} == before


def test_a_result_that_is_not_the_same_again(covey: Cli, path: Path) -> None:
    with np.load(path) as file:
        arrays = dict(file)
    arrays["labels"] = np.where(arrays["labels"] == 0, 9, arrays["labels"])
    data = json.loads(str(arrays["covey"]))
    data["details"]["versions"]["numpy"] = "0.1"
    np.savez(path, **{**arrays, "covey": np.array(json.dumps(data))})
    done = covey("run", "--like", path)
    assert done.exit_code == 1
    assert "another number for" in done.stdout
    assert done.stdout.splitlines()[-2].split() == ["numpy", "0.1", np.__version__]
    assert done.stdout.splitlines()[-1] == "Not identical."


def test_a_result_that_is_the_same_although_what_it_was_made_from_is_not(covey: Cli, path: Path) -> None:
    (features,) = path.parent.glob("full_features_*.npz")
    with np.load(features) as file:
        arrays = dict(file)
    np.savez(features, **{**arrays, "X": arrays["X"] + np.float32(1e-6)})
    done = covey("run", "--like", path)
    assert done.exit_code == 0, done.output
    assert "features differ by up to" in done.stdout
    assert done.stdout.splitlines()[-1] == "Identical, bit for bit, although brightness differs."


def test_what_cannot_be_made_again(covey: Cli, path: Path) -> None:
    def refused(*words: object) -> str:
        done = covey("run", "--like", *words)
        assert done.exit_code == 2
        assert "Traceback" not in done.stderr
        return done.stderr

    assert "leave out the folder" in refused(path, path.parent)
    Image.new("RGB", (48, 32)).save(path.parent / "call_00.png")
    assert "some have another content" in refused(path)
    (path.parent / "call_00.png").unlink()
    assert "call_00.png are gone" in refused(path)
    with np.load(path) as file:
        np.savez(path, **{key: file[key] for key in ("labels", "N")})
    assert "has no provenance" in refused(path)
    assert "cannot be read" in refused(path.with_name("none.npz"))
    assert "Say what to run" in covey("run").stderr
