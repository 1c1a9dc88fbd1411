"""Small data to test with, the same on every call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from covey.components import options
from covey.components.contracts import Component, Floats, Labels
from covey.components.kinds import Kind
from covey.data.dataset import Dataset
from covey.data.folder import FolderDataset
from covey.data.images import ImageFolder
from covey.data.provenance import STATE, Provenance
from covey.data.tables import Clustering, Embedding, Extra, Features, LearnedState, Table
from covey.plugins.registry import Registered, Registry
from covey.testing.brightness import Brightness


def tiny_images(folder: Path, count: int = 6, shape: tuple[int, int] = (32, 48)) -> ImageFolder:
    """Write PNG images into a folder and return it; equal arguments give equal images.

    Args:
        folder: created if it does not exist.
        count: number of images.
        shape: height and width in pixels.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        Image.fromarray(random_picture(index, shape)).save(folder / f"image_{index:03d}.png")
    return ImageFolder(folder)


def tiny_tables(names: Sequence[str]) -> list[Table]:
    """Return features, an embedding of these and a clustering of that, for images with these names."""
    random = np.random.default_rng(0)
    X, Z, flat = (random.normal(size=(len(names), columns)).astype(np.float32) for columns in (12, 8, 2))
    labels = np.arange(len(names), dtype=np.int32) % 3 - 1
    extracted = _provenance(Kind.EXTRACTOR, "brightness", options.option_values(Brightness()), None)
    reduced = _provenance(Kind.REDUCER, "tiny", {"sizes": [8], "neighbors": 5}, extracted)
    clustered = _provenance(Kind.CLUSTERER, "tiny", {}, reduced)
    return [
        Features(names=names, X=X, provenance=extracted),
        Embedding(names=names, Z=Z, map=flat, provenance=reduced),
        Clustering(names=names, labels=labels, provenance=clustered),
    ]


def tiny_state(names: Sequence[str]) -> LearnedState:
    """Return what an extractor might have learned from images with these names."""
    random = np.random.default_rng(0)
    arrays = {"weights": random.normal(size=(12, 3)), "epoch": np.array(4), "layers": np.array(["mean", "deviation"])}
    provenance = _provenance(Kind.EXTRACTOR, "tiny", {}, None)
    return LearnedState(names=names, arrays=arrays, provenance=attrs.evolve(provenance, output=STATE))


def tiny_extra(names: Sequence[str]) -> Extra:
    """Return an extra table with two values of each of two columns, for images with these names."""
    scores = np.random.default_rng(0).random((len(names), 2)).astype(np.float32)
    species = np.array([["Parus major", "Bubo bubo"]] * len(names), np.str_).reshape(len(names), 2)
    provenance = attrs.evolve(_provenance(Kind.EXTRACTOR, "tiny", {}, None), output="species")
    return Extra(names=names, columns={"species": species, "score": scores}, provenance=provenance)


def tiny_dataset(folder: Path, count: int = 6) -> Dataset:
    """Write a dataset into a folder: `count` images in `images/`, and a table of each kind."""
    dataset = FolderDataset(folder)
    dataset.save(tiny_tables(tiny_images(folder / "images", count).names()))
    return dataset


def registry_of(*components: type[Component]) -> Registry:
    """Return a registry of these components only."""
    registry = Registry()
    registry.components = [Registered(cls=cls, distribution="covey", plugin=cls.name) for cls in components]
    return registry


def random_picture(index: int, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Return an image (h, w, 3) of noise in one of four brightnesses, which follows from the index."""
    noise = np.random.default_rng(index).integers(0, 100, (*shape, 3))
    return (noise + index % 4 * 50).astype(np.uint8)


def random_sound(index: int, count: int) -> Floats:
    """Return samples (count,) float32 of noise in one of four volumes, which follows from the index."""
    noise = np.random.default_rng(index).uniform(-0.2, 0.2, count)
    return (noise * (index % 4 + 1)).astype(np.float32)


def random_groups(count: int, columns: int, groups: int) -> tuple[Floats, Labels]:
    """Return rows (count, columns) in well separated groups, in random order, and the group of each row (count,)."""
    random = np.random.default_rng(0)
    group = random.permutation(np.arange(count, dtype=np.int32) % groups)
    rows = random.normal(size=(groups, columns), scale=5)[group] + random.normal(size=(count, columns), scale=0.1)
    return rows.astype(np.float32), group


def _provenance(kind: Kind, name: str, settings: Mapping[str, object], source: Provenance | None) -> Provenance:
    key = source.key if source else "0" * 64
    return Provenance(kind=kind, component=name, tag=name, version=1, options=settings, input=key, source=source)
