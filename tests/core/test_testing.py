"""Each contract check reports a component that breaks the contract, and the small test data are always the same."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import attrs
import numpy as np
import pytest

from covey import Clusterer, CoveyError, Dataset, FeatureExtractor, Reducer, Runtime, Storage, component, option
from covey._base.progress import SILENT, Progress
from covey.components.contracts import Component, Extract, Floats, Labels, Pixels, Prepared
from covey.components.kinds import Kind
from covey.data.dataset import AnyEntry, Entry, T
from covey.data.folder import FolderDataset
from covey.data.tables import Table
from covey.testing import (
    Brightness,
    check_clusterer,
    check_component,
    check_extractor,
    check_import,
    check_reducer,
    check_storage,
    registry_of,
    tiny_dataset,
    tiny_images,
    tiny_tables,
)


def test_brightness_passes_the_check_of_extractors() -> None:
    check_extractor(Brightness)
    check_extractor(Brightness, layers=("mean", "deviation"), bands=2)


def test_tiny_images_and_tables_are_always_the_same(tmp_path: Path) -> None:
    first, second = (tiny_images(tmp_path / name, count=3, shape=(20, 30)) for name in ("a", "b"))
    assert first.names() == second.names() == ["image_000.png", "image_001.png", "image_002.png"]
    for name in first.names():
        assert first.pixels(name).shape == (20, 30, 3)
        assert first.path(name).read_bytes() == second.path(name).read_bytes()
    features, *_ = tiny_tables(first.names())
    assert features.names.tolist() == first.names()


def test_a_tiny_dataset_has_images_and_a_table_of_each_kind(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path / "birds", count=5)
    assert dataset.images is not None
    assert len(dataset.images.names()) == 5
    assert [(entry.kind, entry.shape) for entry in dataset.entries()] == [
        ("clustering", (5, 1)), ("embedding", (5, 8)), ("features", (5, 12)),
    ]  # fmt: skip


def test_a_registry_can_hold_a_few_components_only() -> None:
    registry = registry_of(Brightness)
    assert registry.get(Kind.EXTRACTOR, "brightness") is Brightness
    assert [item.name for item in registry.components] == ["brightness"]


class Mean(FeatureExtractor):
    """A good extractor; the broken ones below inherit from it."""

    def load(self, runtime: Runtime) -> Extract:
        return lambda pixels: [pixels.mean(axis=(1, 2), dtype=np.float32)]


class Halves(Clusterer):
    """A good clusterer; the broken ones below inherit from it."""

    def cluster(self, Z: Floats) -> Labels:
        if not np.isfinite(Z).all():
            raise CoveyError("not finite")
        return np.asarray(Z[:, 0] > 5, dtype=np.int32)[: len(Z)]


class Columns(Reducer):
    """A good reducer; the broken ones below inherit from it."""

    def reduce(self, X: Floats, sizes: Sequence[int]) -> Iterable[Floats]:
        self.check_features(X)
        return [X[:, :size].copy() for size in sizes]


class Folder(Storage):
    """A good storage; the broken ones below inherit from it."""

    opens: ClassVar[type[FolderDataset]] = FolderDataset

    def open(self, place: str) -> Dataset:
        if not Path(place).is_dir():
            raise CoveyError("no such folder")
        return self.opens(Path(place))

    def create(self, place: str, images: Path) -> Dataset:
        Path(place).mkdir(parents=True)
        dataset = self.opens(Path(place))
        dataset.point_to(images)
        return dataset


class Unmarked(Halves):
    """Is no component."""

    name = "bad"


@component
class Undocumented(Halves):
    name = "bad"


@component
class Unexplained(Halves):
    """An option without help."""

    name = "bad"
    size: int = option(default=1, help=" ")


@component
class Comma(Halves):
    """An option whose default cannot be written on the command line."""

    name = "bad"
    words: tuple[str, ...] = option(default=("a,b",), help="Words.")


@component
class Restless(Halves):
    """Changes its option whenever it is created."""

    name = "bad"
    size: int = option(default=1, help="A size.")

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "size", self.size + 1)


@component
class Unequal(Halves):
    """Is equal to nothing but itself."""

    name = "bad"

    def __eq__(self, component: object) -> bool:
        return self is component

    __hash__ = object.__hash__


@component
class Unhashed(Halves):
    """Is equal to others, but hashed by its address."""

    name = "bad"

    __hash__ = object.__hash__


@component
class Hidden(Halves):
    """Has an option whose field has another name than its argument."""

    name = "bad"
    _size: int = option(default=1, help="A size.")


@component
class Unpicklable(Halves):
    """Holds a function, which cannot be pickled."""

    name = "bad"

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "function", lambda: None)


@component
class Amnesic(Halves):
    """Loses its option when it is pickled."""

    name = "bad"
    size: int = option(default=1, help="A size.")

    def __getstate__(self) -> dict[str, Any]:
        return {"size": 2}


@component
class Lenient(Halves):
    """Accepts any value for an option."""

    name = "bad"
    size: int = option(default=1, help="A size.")

    def __attrs_post_init__(self) -> None:
        pass


@component
class Rough(Halves):
    """Refuses a value without naming the option."""

    name = "bad"
    size: int = option(default=1, help="A size.")

    def __attrs_post_init__(self) -> None:
        if self.size != 1:
            raise CoveyError("It is wrong.")


@component
class Failing(Halves):
    """Refuses a value with another exception than CoveyError."""

    name = "bad"
    size: int = option(default=1, help="A size.")

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "size", int(self.size))


@pytest.mark.parametrize(
    ("cls", "sentence"),
    [
        (Lenient, "wrong value for option 'size' must raise CoveyError"),
        (Rough, "must raise CoveyError that names it, not It is wrong"),
        (Failing, "must raise CoveyError that names it, not TypeError"),
        (Undocumented, "needs a docstring"),
        (Unexplained, "needs a help text"),
        (Comma, "is not read back as"),
        (Restless, "equal options must make equal components"),
        (Unequal, "equal options must make equal components"),
        (Unhashed, "must have equal hashes"),
        (Hidden, "written as TOML"),
        (Unpicklable, "must be picklable"),
        (Amnesic, "pickled and read back it becomes"),
    ],
)
def test_a_component_that_breaks_the_contract_is_reported(cls: type[Component], sentence: str) -> None:
    with pytest.raises(AssertionError, match=sentence):
        check_component(cls())


def test_a_class_without_the_component_decorator_is_reported() -> None:
    with pytest.raises(AssertionError, match="not marked with @component"):
        check_clusterer(Unmarked)


@component
class BatchMean(Mean):
    """Subtracts the mean of the batch."""

    name = "bad"

    def load(self, runtime: Runtime) -> Extract:
        return lambda pixels: [_means(pixels) - _means(pixels).mean(axis=0)]


@component
class Reversed(Mean):
    """Returns the features in reverse order."""

    name = "bad"

    def load(self, runtime: Runtime) -> Extract:
        return lambda pixels: [np.ascontiguousarray(_means(pixels)[::-1])]


@component
class Double(Mean):
    """Returns float64."""

    name = "bad"

    def load(self, runtime: Runtime) -> Extract:
        return lambda pixels: [pixels.mean(axis=(1, 2), dtype=np.float64)]


@component
class Twice(Mean):
    """Returns two arrays for one layer."""

    name = "bad"

    def load(self, runtime: Runtime) -> Extract:
        return lambda pixels: [_means(pixels)] * 2


@component
class Infinite(Mean):
    """Divides by zero."""

    name = "bad"

    def load(self, runtime: Runtime) -> Extract:
        return lambda pixels: [_means(pixels) * np.float32(np.inf)]


@component
class Dice(Mean):
    """Returns random features."""

    name = "bad"

    def load(self, runtime: Runtime) -> Extract:
        return lambda pixels: [np.random.default_rng().normal(size=(len(pixels), 3)).astype(np.float32)]


@component
class Overwriting(Mean):
    """Writes into the pixels."""

    name = "bad"

    def load(self, runtime: Runtime) -> Extract:
        return _overwrite


@component
class Siblings(Mean):
    """Multiplies each layer by the number of layers."""

    name = "bad"
    layers: tuple[str, ...] = option(default=("a", "b"), plural=True, help="Layers.")

    def load(self, runtime: Runtime) -> Extract:
        return lambda pixels: [_means(pixels) * len(self.layers) for _ in self.layers]


@component
class Diary(Mean):
    """Writes a file into the current folder."""

    name = "bad"

    def load(self, runtime: Runtime) -> Extract:
        Path("diary.txt").write_text("today", "utf-8")
        return Mean.load(self, runtime)


def _means(pixels: Pixels) -> Floats:
    return np.asarray(pixels.mean(axis=(1, 2)), dtype=np.float32)


def _overwrite(pixels: Pixels) -> list[Floats]:
    pixels[:] = 7
    return [_means(pixels)]


@pytest.mark.parametrize(
    ("cls", "sentence"),
    [
        (BatchMean, "must not depend on the rest of its batch"),
        (Reversed, "must not depend on the rest of its batch"),
        (Double, "float32, not .* float64"),
        (Twice, "must give 1 array, not 2"),
        (Infinite, "must be finite"),
        (Dice, "equal options must give equal features"),
        (Overwriting, "input array must not be changed"),
        (Siblings, "must not depend on the other layers"),
        (Diary, r"only files in its own place may be written, not \['diary.txt'\]"),
    ],
)
def test_a_broken_extractor_is_reported(cls: type[FeatureExtractor], sentence: str) -> None:
    with pytest.raises(AssertionError, match=sentence):
        check_extractor(cls)


@component
class Greedy(Columns):
    """Returns arrays that depend on how many sizes there are."""

    name = "bad"

    def reduce(self, X: Floats, sizes: Sequence[int]) -> Iterable[Floats]:
        return [X[:, :size] * len(sizes) for size in sizes]


@component
class Shuffled(Columns):
    """Reverses the rows."""

    name = "bad"

    def reduce(self, X: Floats, sizes: Sequence[int]) -> Iterable[Floats]:
        return [np.ascontiguousarray(X[::-1, :size]) for size in sizes]


@component
class Wide(Columns):
    """Returns all columns."""

    name = "bad"

    def reduce(self, X: Floats, sizes: Sequence[int]) -> Iterable[Floats]:
        return [X for _ in sizes]


@component
class Short(Columns):
    """Returns only the first size."""

    name = "bad"

    def reduce(self, X: Floats, sizes: Sequence[int]) -> Iterable[Floats]:
        return [X[:, : sizes[0]]]


@component
class Unseeded(Columns):
    """Adds unseeded noise."""

    name = "bad"

    def reduce(self, X: Floats, sizes: Sequence[int]) -> Iterable[Floats]:
        noise = np.random.default_rng().normal(size=X.shape, scale=0.01).astype(np.float32)
        return [(X + noise)[:, :size] for size in sizes]


@component
class Many(Columns):
    """Fails with few rows."""

    name = "bad"

    def reduce(self, X: Floats, sizes: Sequence[int]) -> Iterable[Floats]:
        return [X[:, :size] + 0 * X[2, 0] for size in sizes]


@component
class Hollow(Columns):
    """Returns NaN."""

    name = "bad"

    def reduce(self, X: Floats, sizes: Sequence[int]) -> Iterable[Floats]:
        return [np.full_like(X[:, :size], np.nan) for size in sizes]


@component
class Taking(Columns):
    """Changes its input."""

    name = "bad"

    def reduce(self, X: Floats, sizes: Sequence[int]) -> Iterable[Floats]:
        X -= X.mean(axis=0)
        return Columns.reduce(self, X, sizes)


@component
class Gullible(Columns):
    """Accepts NaN."""

    name = "bad"

    def reduce(self, X: Floats, sizes: Sequence[int]) -> Iterable[Floats]:
        return [np.nan_to_num(X[:, :size]) for size in sizes]


@pytest.mark.parametrize(
    ("cls", "sentence"),
    [
        (Greedy, "must not depend on the other sizes"),
        (Shuffled, "must stay in order"),
        (Wide, r"must give an array \(60, 2\)"),
        (Short, "must give 2 arrays, not 1"),
        (Unseeded, "equal options must give equal results"),
        (Hollow, "must be finite"),
        (Taking, "input array must not be changed"),
        (Gullible, "must raise CoveyError: call check_features"),
        (Many, "0 rows must give an array or a CoveyError, not IndexError"),
    ],
)
def test_a_broken_reducer_is_reported(cls: type[Reducer], sentence: str) -> None:
    with pytest.raises(AssertionError, match=sentence):
        check_reducer(cls)


@component
class FromOne(Halves):
    """Numbers the clusters from 1."""

    name = "bad"

    def cluster(self, Z: Floats) -> Labels:
        return Halves.cluster(self, Z) + np.int32(1)


@component
class Listing(Halves):
    """Returns a list."""

    name = "bad"

    def cluster(self, Z: Floats) -> Any:
        return Halves.cluster(self, Z).tolist()


@component
class Long(Halves):
    """Returns int64."""

    name = "bad"

    def cluster(self, Z: Floats) -> Labels:
        return Halves.cluster(self, Z).astype(np.int64)


@component
class Alternating(Halves):
    """Clusters by row number, not by values."""

    name = "bad"

    def cluster(self, Z: Floats) -> Labels:
        return np.arange(len(Z), dtype=np.int32) % 2


@component
class Tossed(Halves):
    """Numbers the clusters at random."""

    name = "bad"

    def cluster(self, Z: Floats) -> Labels:
        return np.random.default_rng().permutation(len(Z)).astype(np.int32)


@component
class Eager(Halves):
    """Fails without rows."""

    name = "bad"

    def cluster(self, Z: Floats) -> Labels:
        return Halves.cluster(self, Z - Z[0])


@component
class Trusting(Halves):
    """Accepts NaN."""

    name = "bad"

    def cluster(self, Z: Floats) -> Labels:
        return Halves.cluster(self, np.nan_to_num(Z))


@component
class Elsewhere(Halves):
    """Takes a kind of table that does not exist."""

    name = "bad"
    takes = "pixels"  # type: ignore[assignment]


class Lower(Prepared):
    def labels(self, clusterer: Any) -> Labels:
        return np.full(120, -1, dtype=np.int32)


@component
class Rash(Halves):
    """Prepares other labels than those of cluster."""

    name = "bad"

    def prepare(self, Z: Floats, progress: Progress = SILENT) -> Prepared:
        return Lower()


@pytest.mark.parametrize(
    ("cls", "sentence"),
    [
        (Rash, "it must give the labels of cluster"),
        (FromOne, "without gaps"),
        (Listing, "must give an array .* not list"),
        (Long, "int32, not .* int64"),
        (Alternating, "equal rows must get equal labels"),
        (Tossed, "equal options must give equal labels"),
        (Eager, "must cluster 0 rows"),
        (Trusting, "must raise CoveyError"),
        (Elsewhere, "takes must be"),
    ],
)
def test_a_broken_clusterer_is_reported(cls: type[Clusterer], sentence: str) -> None:
    with pytest.raises(AssertionError, match=sentence):
        check_clusterer(cls)


class ForgetfulDataset(FolderDataset):
    def find(self, key: str) -> AnyEntry:
        raise CoveyError("there is none")


@component
class Forgetful(Folder):
    """Finds no table by its key."""

    name = "bad"
    opens = ForgetfulDataset


class UntidyDataset(FolderDataset):
    def entries(self) -> list[AnyEntry]:
        return super().entries()[::-1]


@component
class Untidy(Folder):
    """Lists the tables in reverse order."""

    name = "bad"
    opens = UntidyDataset


class RepeatingDataset(FolderDataset):
    def entries(self) -> list[AnyEntry]:
        return super().entries() * 2


@component
class Repeating(Folder):
    """Lists every table twice."""

    name = "bad"
    opens = RepeatingDataset


class WrongDataset(FolderDataset):
    def load(self, entry: Entry[T]) -> T:
        table = super().load(entry)
        return attrs.evolve(table, names=table.names[::-1])


@component
class Wrong(Folder):
    """Reverses the names."""

    name = "bad"
    opens = WrongDataset


class HomelessDataset(FolderDataset):
    def point_to(self, images: Path) -> None:
        pass


@component
class Homeless(Folder):
    """Does not store where the images are."""

    name = "bad"
    opens = HomelessDataset


@component
class Inventive(Folder):
    """Opens a folder that does not exist."""

    name = "bad"

    def open(self, place: str) -> Dataset:
        return FolderDataset(Path(place))


@component
class Crashing(Folder):
    """Raises an exception of the operating system."""

    name = "bad"

    def open(self, place: str) -> Dataset:
        list(Path(place).iterdir())
        return FolderDataset(Path(place))


class LitteringDataset(FolderDataset):
    def save(self, tables: Sequence[Table], compress: bool = False) -> None:
        super().save(tables, compress)
        self.home.with_name("litter.txt").write_text("left here", "utf-8")


@component
class Littering(Folder):
    """Writes a file beside its place."""

    name = "bad"
    opens = LitteringDataset


@pytest.mark.parametrize(
    ("cls", "sentence"),
    [
        (Littering, r"only files in its own place may be written, not \['litter.txt'\]"),
        (Forgetful, "must be found by its key"),
        (Untidy, "must be sorted"),
        (Repeating, "must give as many entries, not 6"),
        (Wrong, "is not what was saved"),
        (Homeless, "must store where its images are"),
        (Inventive, "must raise CoveyError"),
        (Crashing, "not FileNotFoundError"),
    ],
)
def test_a_broken_storage_is_reported(cls: type[Storage], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=sentence):
        check_storage(cls, tmp_path)


@component
class Wandering(Halves):
    """Writes a file into another folder."""

    name = "bad"
    file: str = option(default="", help="A file.")

    def cluster(self, Z: Floats) -> Labels:
        Path(self.file).write_text("away", "utf-8")
        return Halves.cluster(self, Z)


def test_a_file_written_into_another_folder_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    with pytest.raises(AssertionError, match=r"only files in its own place may be written, not .*far.txt"):
        check_clusterer(Wandering, file=str(tmp_path / "far.txt"))


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("import sklearn", "imports .*sklearn: import it in the method that needs it"),
        ("from scipy import stats", "imports .*scipy.*: import it in the method that needs it"),
        ("import no_such_library", "cannot be imported by itself"),
    ],
)
def test_a_plugin_with_a_heavy_or_broken_import_is_reported(
    line: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "heavy_plugin.py").write_text(f"{line}\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(Brightness, "__module__", "heavy_plugin")
    with pytest.raises(AssertionError, match=sentence):
        check_import(Brightness)
