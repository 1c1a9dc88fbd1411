"""The page Methods, as far as it can be seen without a browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from html import unescape
from pathlib import Path

import attrs
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from tests.fixture_types import Cli

from covey import Clustering
from covey.components.kinds import Kind
from covey.components.options import format_value
from covey.data.folder import FolderDataset
from covey.data.formats import npz
from covey.data.provenance import Details, Provenance
from covey.plugins.registry import Registry

Open = Callable[..., AppTest]


@pytest.fixture
def open_page(view: Open) -> Open:
    """The page about a dataset."""
    return partial(view, "methods")


def text_of(app: AppTest) -> str:
    """Return the sentences on the page, and what its tables say."""
    return unescape(" ".join(re.findall(r">([^<>]+)<", " ".join(item.value for item in app.html))))


def test_the_text_names_every_component_option_and_reference(
    open_page: Open, covey: Cli, xc_dev: Path, tmp_path: Path, brightness: None
) -> None:
    words = ["--extractor", "brightness", "--reducer", "pca", "--clusterer", "dbscan", "--set", "reducer.sizes=2"]
    assert covey("run", xc_dev, "--out", tmp_path / "out", *words).exit_code == 0
    app, registry = open_page(tmp_path / "out"), Registry.installed()
    name = str(app.selectbox[0].value)
    assert name.startswith("clusters_")
    text, table = app.code[0].value, text_of(app)
    provenance = npz.read_entry(tmp_path / "out" / name).provenance
    assert provenance
    assert [step.component for step in provenance.lineage] == ["brightness", "pca", "dbscan"]
    for step in provenance.lineage:
        assert f"{step.component} " in text
        assert f"{step.kind} {step.component}, version {step.version}" in table
        for name, value in step.options.items():
            assert f"{name} = {format_value(value)}" in text
        for reference in registry.get(step.kind, step.component).references:
            assert reference in text
    assert f"numpy {np.__version__}" in text
    assert f"numpy {np.__version__}" in table
    assert f"eps {provenance.details.chosen['eps']}" in table


def test_an_embedding_has_a_text_of_its_own(open_page: Open, birds: Path) -> None:
    app = open_page(birds)
    assert app.selectbox[0].options == ["Embedding: flat · made", "Features: made"]
    assert "The features were reduced with flat (version 1" in app.code[0].value
    app.selectbox[0].select_index(1).run()
    assert "reduced" not in app.code[0].value


def test_a_component_that_is_gone_is_named_from_the_file(open_page: Open, birds: Path) -> None:
    app = open_page(birds)
    assert "No longer installed, so that references are missing: made, flat." in text_of(app)
    assert "reducer flat, version 1" in text_of(app)


def test_a_file_that_does_not_tell_says_so(open_page: Open, tmp_path: Path) -> None:
    np.savez(tmp_path / "full_features_vgg16_features.28.npz", X=np.zeros((3, 2), "f4"), N=np.array(["a", "b", "c"]))
    app = open_page(tmp_path)
    assert "does not say how it was made" in text_of(app)
    assert "by its name from vgg16 features.28" in text_of(app)


def test_hostile_provenance_is_text(open_page: Open, birds: Path) -> None:
    hurt = "<img src=x onerror=alert(1)>"
    provenance = Provenance(
        kind=Kind.CLUSTERER, component=hurt, tag="**b**", version=1, options={hurt: [hurt, None]}, input="x",
        details=Details(versions={hurt: hurt}, chosen={hurt: hurt}),
    )  # fmt: skip
    FolderDataset(birds).save([Clustering(names=["a"], labels=np.zeros(1, np.int32), provenance=provenance)])
    app = open_page(birds)
    app.selectbox[0].select_index(0).run()
    assert not app.exception
    assert hurt in app.code[0].value
    assert hurt in text_of(app) or hurt in unescape(" ".join(item.value for item in app.html))
    assert "<img" not in " ".join(item.value for item in app.html)


def test_provenance_that_is_none_is_a_sentence(open_page: Open, birds: Path) -> None:
    provenance = Provenance(kind=Kind.CLUSTERER, component="c", tag="\udce9", version=1, options={}, input="x")
    odd = provenance.to_json().replace('"kind":"clusterer"', '"kind":"odd"')
    np.savez(birds / "clusters_odd.npz", labels=np.zeros(1, np.int32), N=np.array(["a"]), covey=np.array(odd))
    app = open_page(birds)
    app.selectbox[0].select_index(0).run()
    assert not app.exception
    assert "has a damaged provenance ('odd' makes no tables)" in text_of(app)


def test_two_tables_are_told_apart_by_what_differs(open_page: Open, birds: Path) -> None:
    dataset = FolderDataset(birds)
    provenance = next(entry.provenance for entry in dataset.entries() if entry.kind == "embedding")
    assert provenance
    for eps in (0.3, 0.4):
        options = {"eps": eps, "min_samples": 5}
        of = attrs.evolve(
            provenance,
            kind=Kind.CLUSTERER,
            component="dbscan",
            tag="dbscan",
            options=options,
            input=provenance.key,
            source=provenance,
        )
        dataset.save([Clustering(names=["a"], labels=np.zeros(1, np.int32), provenance=of)])
    listed = open_page(birds).selectbox[0].options
    assert sorted(listed[:2]) == [
        "Groups: dbscan · flat · made (eps 0.3)",
        "Groups: dbscan · flat · made (eps 0.4)",
    ]


def test_without_a_dataset_or_a_result_it_says_what_to_do(open_page: Open, images: Path) -> None:
    assert "choose one on the page Start" in text_of(open_page())
    assert "the page Start makes a first result" in text_of(open_page(images))
