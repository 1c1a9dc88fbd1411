"""Checks of the contract for authors of plugins, and small made-up things to test with.

A check takes a component class, with the options to try, and raises AssertionError with a sentence for the first
promise that is broken:

    from covey.testing import check_clusterer

    def test_contract():
        check_clusterer(Dbscan, eps=1.0)
"""

from __future__ import annotations

import copy
import json
import os
import pickle
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import attrs
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from covey import options
from covey.components import Clusterer, Component, Extract, FeatureExtractor, Floats, Labels, Pixels, Reducer, Runtime
from covey.errors import CoveyError
from covey.images import ImageFolder
from covey.options import component, option
from covey.provenance import Provenance
from covey.storage import Dataset, Storage
from covey.tables import Clustering, Embedding, Features, Table

C = TypeVar("C", bound=Component)
HEAVY = (
    "hdbscan", "matplotlib", "numba", "open_clip", "pandas", "plotly", "pyarrow", "scipy", "sklearn", "soundfile",
    "soxr", "streamlit", "tensorflow", "timm", "torch", "torchvision", "transformers", "umap",
)  # fmt: skip
"""Libraries that a plugin imports inside the function that needs them, never when it is itself imported."""
_LOADED = """
import importlib, json, sys
importlib.import_module(sys.argv[1])
print(json.dumps([name for name in sys.argv[2:] if name in sys.modules]))
"""


def check_extractor(cls: type[FeatureExtractor], **given: Any) -> None:
    """Check a feature extractor with the options `given`. Needs its weights; loads them several times."""
    extractor = _built(cls, given)
    pixels = np.stack([_picture(index, (128, 256)) for index in range(4)])
    whole = _extracted(extractor, pixels)
    _check_features(extractor, whole, len(pixels))
    again = _extracted(_built(cls, given), pixels)
    _expect(_equal(whole, again), f"{cls.name}: equal options must give equal features")
    _check_rows(extractor, pixels, whole)
    _check_layers(extractor, pixels, whole)
    check_import(cls)


def check_reducer(cls: type[Reducer], **given: Any) -> None:
    """Check a reducer with the options `given`: on 60 rows in two groups, and on very few."""
    reducer = _built(cls, given)
    X, groups = _grouped(60, 12, 2)
    flat, solid = _reduced(reducer, X, [2, 3])
    for Z, size in ((flat, 2), (solid, 3)):
        _check_array(cls.name, Z, (60, size), np.dtype(np.float32))
        _expect(bool(np.isfinite(Z).all()), f"{cls.name}: what it returns must be finite")
    _expect(_apart(flat, groups), f"{cls.name}: the rows must stay in order: images that are alike must lie together")
    again = _reduced(_built(cls, given), X, [2, 3])
    _expect(_equal([flat, solid], again), f"{cls.name}: equal options must give equal results")
    alone = [*_reduced(reducer, X, [3]), *_reduced(reducer, X, [2])]
    _expect(_equal([solid, flat], alone), f"{cls.name}: a size must give the same array whatever its siblings are")
    for count in (1, 2, 3):
        _check_few(reducer, X[:count])
    check_import(cls)


def check_clusterer(cls: type[Clusterer], **given: Any) -> None:
    """Check a clusterer with the options `given`: on 120 rows in three groups, on none, on one, and on bad values."""
    clusterer = _built(cls, given)
    told = f"{cls.name}.takes must be 'embedding' or 'features', not {cls.takes!r}"
    _expect(cls.takes in ("embedding", "features"), told)
    Z = np.repeat(_grouped(60, 8, 3)[0], 2, axis=0)
    labels = _labelled(clusterer, Z)
    _check_labels(cls.name, labels)
    _expect(_equal([labels], [_labelled(_built(cls, given), Z)]), f"{cls.name}: equal options must give equal labels")
    alike = bool((labels[::2] == labels[1::2]).all())
    _expect(alike, f"{cls.name}: the labels must be in the order of the rows: equal rows must get equal labels")
    for count in (0, 1):
        _labelled(clusterer, Z[:count])
    _check_refused(clusterer, Z)
    _check_prepared(clusterer, Z, labels)
    check_import(cls)


def check_storage(cls: type[Storage], folder: Path, **given: Any) -> None:
    """Check a storage backend with the options `given`; `folder` is an empty one in which it may write.

    One that makes no datasets is only checked as far as that goes.
    """
    storage = _built(cls, given)
    place = folder / "dataset"
    with _expected(f"{cls.name}: opening a place that does not exist must raise CoveyError"):
        storage.open(str(place))
    images = tiny_images(folder / "pictures")
    try:
        dataset = storage.create(str(place), images.root)
    except CoveyError:
        return
    tables = tiny_tables(images.names())
    _check_kept(cls.name, dataset, tables)
    _check_kept(cls.name, storage.open(str(place)), tables)
    found = storage.open(str(place)).images
    same = found is not None and found.root.resolve() == images.root.resolve()
    _expect(same, f"{cls.name}: a dataset that was created must remember where its images are")
    check_import(cls)


def check_component(made: Component) -> None:
    """Check what every component promises: explained options that survive every way of writing them, a plain value."""
    cls = type(made)
    _expect(bool((cls.__doc__ or "").strip()), f"{cls.__name__} needs a docstring: its first line is shown in lists")
    for one in _declared(cls):
        _expect(bool(one.help.strip()), f"{cls.name}: option {one.name!r} needs a help text")
    _check_flags(made)
    _check_value(made)
    _check_toml(made)


def check_import(cls: type[Component]) -> None:
    """Check that importing the module of a component imports nothing heavy; asks a fresh Python."""
    command = [sys.executable, "-c", _LOADED, cls.__module__, *HEAVY]
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(command, capture_output=True, text=True, env=paths, check=False)
    _expect(done.returncode == 0, f"{cls.__module__} cannot be imported by itself: {done.stderr.strip()[-300:]}")
    loaded = ", ".join(json.loads(done.stdout.splitlines()[-1]))
    _expect(not loaded, f"importing {cls.__module__} imports {loaded}: import it in the method that needs it")


@component
class Brightness(FeatureExtractor):
    """Brightness in horizontal bands: a stand-in for a network that is small, quick and the same everywhere."""

    name = "brightness"

    layers: tuple[str, ...] = option(
        default=("mean",),
        choices=("mean", "deviation"),
        plural=True,
        help="What to take of each band; each is a result of its own.",
    )
    bands: int = option(default=4, ge=1, le=16, help="Bands to cut an image into. Raising it gives more features.")

    def load(self, runtime: Runtime) -> Extract:
        """Return the function from pixels to one array (b, 3 * bands) for each layer."""
        return self._extract

    def available_layers(self) -> Mapping[str, tuple[int, ...]]:
        """Return both layers."""
        return {"mean": (3 * self.bands,), "deviation": (3 * self.bands,)}

    def _extract(self, pixels: Pixels) -> list[Floats]:
        bands = np.array_split(pixels / np.float32(255), self.bands, axis=1)
        take: dict[str, Callable[..., Floats]] = {"mean": np.mean, "deviation": np.std}
        return [np.concatenate([take[layer](band, axis=(1, 2)) for band in bands], axis=1) for layer in self.layers]


def tiny_images(folder: Path, count: int = 6, shape: tuple[int, int] = (32, 48)) -> ImageFolder:
    """Write `count` PNG images of `shape` (height, width) into `folder`, always the same, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        Image.fromarray(_picture(index, shape)).save(folder / f"image_{index:03d}.png")
    return ImageFolder(folder)


def tiny_tables(names: Sequence[str]) -> list[Table]:
    """Return a table of each kind for images with these `names`, always the same: each was made from the one before."""
    random = np.random.default_rng(0)
    X, Z, flat = (random.normal(size=(len(names), columns)).astype(np.float32) for columns in (12, 8, 2))
    labels = np.arange(len(names), dtype=np.int32) % 3 - 1
    first = _provenance("extractor", "brightness", Brightness(), None)
    second = _provenance("reducer", "tiny", {"sizes": [8], "neighbors": 5}, first)
    third = _provenance("clusterer", "tiny", {}, second)
    return [
        Features(names=names, X=X, provenance=first),
        Embedding(names=names, Z=Z, map=flat, provenance=second),
        Clustering(names=names, labels=labels, provenance=third),
    ]


def _provenance(kind: str, name: str, made: Any, source: Provenance | None) -> Provenance:
    given = options.values(made) if isinstance(made, Component) else made
    key = source.key if source else "0" * 64
    return Provenance(kind=kind, component=name, tag=name, version=1, options=given, input=key, source=source)


def _picture(index: int, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Return an image (h, w, 3) of noise that is brighter from one index to the next."""
    noise = np.random.default_rng(index).integers(0, 100, (*shape, 3))
    return (noise + index % 4 * 50).astype(np.uint8)


def _grouped(count: int, columns: int, groups: int) -> tuple[Floats, Labels]:
    """Return rows in groups that lie far apart, mixed, and the group of each row."""
    random = np.random.default_rng(0)
    group = random.permutation(np.arange(count, dtype=np.int32) % groups)
    rows = random.normal(size=(groups, columns), scale=5)[group] + random.normal(size=(count, columns), scale=0.1)
    return rows.astype(np.float32), group


def _built(cls: type[C], given: dict[str, Any]) -> C:
    """Return the component with the options `given`, having checked what every component promises."""
    _declared(cls)
    made = options.build(cls, given)
    check_component(made)
    return made


def _declared(cls: type[Component]) -> Sequence[options.Option]:
    try:
        return options.options(cls)
    except TypeError as error:
        raise AssertionError(f"{error}.") from error


def _check_flags(made: Component) -> None:
    for one in options.options(type(made)):
        value = getattr(made, one.name)
        text = options.written(value)
        told = f"{made.name}: option {one.name!r} written as {text!r} on the command line is not read back as {value!r}"
        _expect(one.convert(one.parse(text)) == value, told)


def _check_value(made: Component) -> None:
    same = options.evolve(made)
    _expect(same == made, f"{made.name}: equal options must make equal components")
    _expect(hash(same) == hash(made), f"{made.name}: equal components must have equal hashes")
    try:
        copied = pickle.loads(pickle.dumps(made))
    except Exception as error:
        raise AssertionError(f"{made.name}: a component must be picklable: {error}") from error
    _expect(copied == made, f"{made.name}: pickled and read back it becomes {copied!r}")


def _check_toml(made: Component) -> None:
    given = {name: "none" if value is None else value for name, value in options.values(made).items()}
    text = "\n".join(f"{name} = {json.dumps(value)}" for name, value in given.items())
    try:
        same = options.variants(type(made), tomllib.loads(text)) == [made]
    except (CoveyError, TypeError, ValueError):
        same = False
    _expect(same, f"{made.name}: written as TOML its options are not read back: {text}")


def _extracted(extractor: FeatureExtractor, pixels: Pixels) -> list[Floats]:
    with _untouched(extractor.name, pixels):
        return list(extractor.load(Runtime())(pixels))


def _check_features(extractor: FeatureExtractor, found: Sequence[Floats], count: int) -> None:
    many = len(options.parts(extractor))
    _expect(len(found) == many, f"{extractor.name}: {many} arrays were asked for, it gave {len(found)}")
    for X in found:
        width = X.shape[1] if np.ndim(X) == 2 else "d"
        _check_array(extractor.name, X, (count, width), np.dtype(np.float32))
        _expect(bool(np.isfinite(X).all()), f"{extractor.name}: features must be finite")


def _check_rows(extractor: FeatureExtractor, pixels: Pixels, whole: Sequence[Floats]) -> None:
    work = extractor.load(Runtime())
    for rows in ([0], [3, 2, 1, 0], [1, 1], [0, 1, 2, 3, 0]):
        near = all(_near(X, Y[rows]) for X, Y in zip(work(pixels[rows]), whole, strict=True))
        _expect(near, f"{extractor.name}: an image's features must not depend on the other images of its batch")


def _check_layers(extractor: FeatureExtractor, pixels: Pixels, whole: Sequence[Floats]) -> None:
    parts = options.parts(extractor)
    for part, Y in zip(parts if len(parts) > 1 else [], whole, strict=False):
        (X,) = _extracted(part, pixels)
        _expect(
            X.shape == Y.shape and _near(X, Y), f"{extractor.name}: a layer must not depend on its siblings: {part}"
        )


def _near(X: Floats, Y: Floats) -> bool:
    """Whether two arrays agree row by row but for rounding, which half precision makes coarse."""
    far = np.linalg.norm(X - Y, axis=1) > 0.05 * np.linalg.norm(Y, axis=1)
    return not far.any()


def _reduced(reducer: Reducer, X: Floats, sizes: Sequence[int]) -> list[Floats]:
    with _untouched(reducer.name, X):
        found = list(reducer.reduce(X, sizes))
    _expect(len(found) == len(sizes), f"{reducer.name}: {len(sizes)} sizes were asked for, it gave {len(found)}")
    return found


def _check_few(reducer: Reducer, X: Floats) -> None:
    try:
        (Z,) = _reduced(reducer, X, [2])
    except CoveyError:
        return
    except Exception as error:
        told = f"{reducer.name}: {len(X)} rows must give an array or a CoveyError, not {type(error).__name__}: {error}"
        raise AssertionError(told) from error
    _check_array(reducer.name, Z, (len(X), 2), np.dtype(np.float32))


def _apart(Z: Floats, groups: Labels) -> bool:
    """Whether rows lie clearly nearer to their own group than to the other."""
    distances = np.linalg.norm(Z[:, None] - Z[None], axis=2)
    alike = groups[:, None] == groups[None]
    return bool(distances[alike].mean() < 0.7 * distances[~alike].mean())


def _labelled(clusterer: Clusterer, Z: Floats) -> Labels:
    with _untouched(clusterer.name, Z):
        try:
            labels = clusterer.cluster(Z)
        except Exception as error:
            raise AssertionError(f"{clusterer.name} must cluster {len(Z)} rows, but raises {error!r}") from error
    _check_array(clusterer.name, labels, (len(Z),), np.dtype(np.int32))
    return labels


def _check_labels(name: str, labels: Labels) -> None:
    found = np.unique(labels[labels != -1])
    told = f"{name}: labels must be -1 or 0, 1, 2, ... without gaps, not {found.tolist()}"
    _expect(found.tolist() == list(range(len(found))), told)


def _check_refused(clusterer: Clusterer, Z: Floats) -> None:
    bad = Z.copy()
    bad[0, 0] = np.nan
    with _expected(f"{clusterer.name}: values that are no finite numbers must raise CoveyError"):
        clusterer.cluster(bad)


def _check_prepared(clusterer: Clusterer, Z: Floats, labels: Labels) -> None:
    with _untouched(clusterer.name, Z):
        prepared = clusterer.prepare(Z)
    if prepared is not None:
        told = f"{clusterer.name}: for the options it was prepared with, the labels must be those of cluster"
        found = prepared.labels(clusterer)
        _expect(found is not None and _equal([found], [labels]), told)


def _check_kept(name: str, dataset: Dataset, tables: Sequence[Table]) -> None:
    for _ in range(2):
        dataset.save(tables)
    entries = dataset.entries()
    told = f"{name}: {len(tables)} tables saved twice must give as many entries, not {len(entries)}"
    _expect(len(entries) == len(tables), told)
    ordered = [(entry.kind, entry.name) for entry in entries]
    _expect(ordered == sorted(ordered), f"{name}: entries must be sorted by kind and name")
    for table in tables:
        assert table.provenance is not None
        entry = dataset.find(table.provenance.key)
        _expect(entry is not None, f"{name}: a table that was saved must be found by its key")
        if entry is not None:
            _expect(_same(table, dataset.load(entry)), f"{name}: {entry.name} is not what was saved")


def _same(one: Table, other: Table) -> bool:
    if type(one) is not type(other) or one.provenance != other.provenance:
        return False
    names = [field.name for field in attrs.fields(type(one)) if field.name != "provenance"]
    return _equal([getattr(one, name) for name in names], [getattr(other, name) for name in names])


def _equal(some: Sequence[NDArray[Any]], others: Sequence[NDArray[Any]]) -> bool:
    """Whether arrays are the same bit for bit."""
    same = (a.dtype == b.dtype and np.array_equal(a, b) for a, b in zip(some, others, strict=True))
    return len(some) == len(others) and all(same)


def _check_array(name: str, found: NDArray[Any], shape: tuple[Any, ...], dtype: np.dtype[Any]) -> None:
    told = f"{name} must give an array {shape} {dtype}"
    _expect(isinstance(found, np.ndarray), f"{told}, not {type(found).__name__}")
    _expect(found.shape == shape and found.dtype == dtype, f"{told}, not {found.shape} {found.dtype}")


@contextmanager
def _untouched(name: str, array: NDArray[Any]) -> Iterator[None]:
    before = copy.copy(array)
    yield
    _expect(np.array_equal(before, array), f"{name}: the input array must be left as it is")


@contextmanager
def _expected(told: str) -> Iterator[None]:
    """Expect CoveyError and nothing else."""
    try:
        yield
    except CoveyError:
        return
    except Exception as error:
        raise AssertionError(f"{told}, not {type(error).__name__}: {error}") from error
    raise AssertionError(told)


def _expect(holds: bool, told: str) -> None:
    if not holds:
        raise AssertionError(f"{told}.")
