"""Checks of the contract of storages."""

from __future__ import annotations

import tempfile
import unittest
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import attrs
import numpy as np
from numpy.typing import NDArray

from covey._base.errors import CoveyError
from covey.components.contracts import PublishOptions, Storage
from covey.data.dataset import Dataset
from covey.data.tables import Extra, LearnedState, Table
from covey.testing.assertions import (
    are_identical,
    describe_difference,
    expect,
    observe,
    raises_covey_error,
    set_user_data_folder,
)
from covey.testing.checks import list_checks, run_checks
from covey.testing.component_checks import ComponentChecks
from covey.testing.samples import tiny_dataset, tiny_extra, tiny_images, tiny_state, tiny_tables

Place = Callable[[Path], str]
"""Function from a path on this machine, at which nothing is, to a place of a storage, at which nothing is either."""


def check_storage(
    cls: type[Storage],
    folder: Path | None = None,
    /,
    *,
    place: Place = str,
    expected_failures: Mapping[str, str] | None = None,
    **settings: object,
) -> None:
    """Check a storage with these options.

    Checks of `create` and `publish` are skipped where the storage does not define them.

    Args:
        cls: the storage class.
        folder: an empty folder in which the storage may write; by default a temporary one.
        place: where the storage keeps what would lie at a path in that folder; by default the path itself.
        expected_failures: reasons by the names of checks that are expected to fail.
        settings: options of the storage.

    Raises:
        AssertionError: it breaks the contract.
    """
    run_checks(list_checks(StorageChecks(cls, settings, folder, place), expected_failures or {}))


class StorageChecks(ComponentChecks[Storage]):
    """Checks a storage with a small dataset."""

    def __init__(
        self, cls: type[Storage], settings: Mapping[str, object], folder: Path | None = None, place: Place = str
    ) -> None:
        super().__init__(cls, settings)
        self.folder = folder
        self.place = place

    def check_missing_place(self) -> None:
        """Opening a place that does not exist raises CoveyError; so does fetching it, if anything."""
        with self._new_folder() as folder:
            place = self.place(folder / "missing")
            message = f"{self.name}: opening a place that does not exist must raise CoveyError"
            with raises_covey_error(message):
                self.component.fetch(place)
                self.component.open(place)

    def check_tables(self) -> None:
        """Tables that are saved are listed once, sorted, and found by their keys."""
        with self._new_folder() as folder:
            self._save(folder, lambda dataset, tables: self._check_tables(dataset, tables))

    def check_reopening(self) -> None:
        """What was saved is there when the place is fetched and opened again."""
        with self._new_folder() as folder:
            self._save(folder, lambda _, tables: self._check_tables(self._open(self.place(folder / "dataset")), tables))

    def check_images(self) -> None:
        """A dataset that is created stores where its images are."""
        with self._new_folder() as folder:
            pictures, place = folder / "pictures", self.place(folder / "dataset")
            self._save(folder, lambda dataset, _: self._check_images([dataset, self._open(place)], pictures))

    def check_files(self) -> None:
        """It writes only into its own place, temporary folders and caches."""
        with self._new_folder() as folder:
            tiny_images(folder / "pictures")
            before = set(folder.rglob("*"))
            observation = observe(lambda: self._save(folder, lambda *_: None))
            new_paths = [path for path in sorted(folder.rglob("*")) if path not in before]
            stray_files = [path.name for path in new_paths if not path.is_relative_to(folder / "dataset")]
        stray_files = [*observation.stray_files, *stray_files]
        expect(not stray_files, f"{self.name}: only files in its own place may be written, not {stray_files[:1]}")

    def check_output(self) -> None:
        """It prints nothing: what a person waits for is said through Progress."""
        with self._new_folder() as folder:
            printed_text = observe(lambda: self._save(folder, lambda *_: None)).printed_text.strip()
        expect(not printed_text, f"{self.name}: nothing may be printed to standard output, not {printed_text[:80]!r}")

    def check_publish(self) -> None:
        """A dataset that is published can be fetched and opened: with its images, tables and other files."""
        with self._new_folder() as folder:
            dataset, place = self._make_dataset(folder / "source"), self.place(folder / "published")
            sentence = self._publish(dataset, place)
            is_sentence = isinstance(sentence, str) and bool(sentence.strip())
            expect(is_sentence, f"{self.name}: publish must say in a sentence what it published, not {sentence!r}")
            self._check_published(dataset, self._open(place))

    def check_publish_again(self) -> None:
        """A dataset can be published twice, with one more file the second time, and is not changed by it."""
        with self._new_folder() as folder:
            dataset, place = self._make_dataset(folder / "source"), self.place(folder / "published")
            self._publish(dataset, place)
            (dataset.home / "metadata.csv").write_text("name,species\nimage_000.png,wren\n", "utf-8")
            before = _read_files(dataset.home)
            self._publish(dataset, place)
            is_unchanged = _read_files(dataset.home) == before
            expect(is_unchanged, f"{self.name}: publish must not change the dataset that it publishes")
            self._check_published(dataset, self._open(place))

    @contextmanager
    def _new_folder(self) -> Iterator[Path]:
        """Make an empty folder for one check, below the folder that the author chose, and one for the user's data."""
        with (
            tempfile.TemporaryDirectory(dir=self.folder, ignore_cleanup_errors=True) as folder,
            tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home,
            set_user_data_folder(Path(home)),
        ):
            yield Path(folder).resolve()

    def _save(self, folder: Path, check: Callable[[Dataset, Sequence[Table]], None]) -> None:
        """Create a dataset and save tables twice, then check it."""
        self._skip_without("create")
        images = tiny_images(folder / "pictures")
        with self._new_place("create"):
            dataset = self.component.create(self.place(folder / "dataset"), images.root)
        tables = [*tiny_tables(images.names()), tiny_state(images.names())]
        for _ in range(2):
            dataset.save(tables)
        check(dataset, tables)

    def _open(self, place: str) -> Dataset:
        self.component.fetch(place)
        return self.component.open(place)

    def _publish(self, dataset: Dataset, place: str) -> str:
        self._skip_without("publish")
        with self._new_place("publish"):
            return self.component.publish(dataset, place, PublishOptions())

    def _skip_without(self, method: str) -> None:
        """Skip a check of a method that the storage does not define."""
        if getattr(self.cls, method) is getattr(Storage, method):
            raise unittest.SkipTest(f"{self.name} defines no {method}: see help(covey.Storage.{method})")

    @contextmanager
    def _new_place(self, method: str) -> Iterator[None]:
        """See to it that a method takes a place at which nothing is."""
        try:
            yield
        except CoveyError as error:
            raise AssertionError(
                f"{self.name}: {method} must take a place at which nothing is, but raised: {error} If its places are no"
                " paths, say with checks(..., place=...) what they are, another for each path."
            ) from error

    def _make_dataset(self, folder: Path) -> Dataset:
        dataset = tiny_dataset(folder)
        dataset.save([tiny_state([]), tiny_extra(["image_000.png"])])
        (folder / "clusters.csv").write_text("name,cluster\nimage_000.png,0\n", "utf-8")
        return dataset

    def _check_tables(self, dataset: Dataset, tables: Sequence[Table]) -> None:
        entries = dataset.entries()
        message = f"{self.name}: {len(tables)} tables saved twice must give as many entries, not {len(entries)}"
        expect(len(entries) == len(tables), message)
        order = [(entry.kind, entry.name) for entry in entries]
        expect(order == sorted(order), f"{self.name}: entries must be sorted by kind and name")
        for table in tables:
            self._check_table(dataset, table)

    def _check_table(self, dataset: Dataset, table: Table) -> None:
        assert table.provenance is not None
        try:
            entry = dataset.find(table.provenance.key)
        except CoveyError as error:
            raise AssertionError(f"{self.name}: a table that was saved must be found by its key ({error})") from error
        difference = _compare(table, dataset.load(entry))
        expect(not difference, f"{self.name}: {entry.name} is not what was saved: {difference}")

    def _check_images(self, datasets: Sequence[Dataset], pictures: Path) -> None:
        for dataset in datasets:
            has_images = dataset.images is not None and dataset.images.root.resolve() == pictures.resolve()
            expect(has_images, f"{self.name}: a dataset that was created must store where its images are")

    def _check_published(self, source: Dataset, published: Dataset) -> None:
        self._check_tables(published, [source.load(entry) for entry in source.entries()])
        names = [] if published.images is None else published.images.names()
        expected = [] if source.images is None else source.images.names()
        expect(
            names == expected,
            f"{self.name}: the published dataset must have the images {expected[:1]}, not {names[:1]}",
        )
        missing = sorted({path.name for path in source.files} - {path.name for path in published.files})
        expect(not missing, f"{self.name}: the published dataset lacks {missing[:1]}")


def _read_files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _compare(saved: Table, loaded: Table) -> str:
    """Return in words how a table differs from the one that was saved; "" if it does not."""
    if type(saved) is not type(loaded) or saved.provenance != loaded.provenance:
        return "it has another kind or provenance"
    columns, loaded_columns = _list_arrays(saved), _list_arrays(loaded)
    if columns.keys() != loaded_columns.keys():
        return "it has other arrays"
    for name in columns:
        arrays = columns[name], loaded_columns[name]
        if not are_identical(arrays[:1], arrays[1:]):
            return f"{name} differs" if arrays[0].dtype.kind in "UO" else describe_difference(arrays[:1], arrays[1:])
    return ""


def _list_arrays(table: Table) -> dict[str, NDArray[np.generic]]:
    """Return the arrays that a table has by name."""
    if isinstance(table, LearnedState):
        return {"names": table.names, **{f"array {name!r}": array for name, array in table.arrays.items()}}
    if isinstance(table, Extra):
        return {"names": table.names, **{f"column {name!r}": array for name, array in table.columns.items()}}
    fields = attrs.asdict(table, filter=lambda field, _: field.name != "provenance")
    nearest: dict[str, NDArray[np.generic]] = fields.pop("nearest", None) or {}
    return {**fields, **{f"nearest {name}": array for name, array in nearest.items()}}
