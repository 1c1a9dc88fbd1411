"""Checks of the contract of storages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import attrs

from covey._base.errors import CoveyError
from covey.components.contracts import Storage
from covey.data.dataset import Dataset
from covey.data.tables import Table
from covey.testing.assertions import (
    are_identical,
    expect,
    raises_covey_error,
    writes_no_files,
)
from covey.testing.component_checks import build_checked
from covey.testing.imports import check_import
from covey.testing.samples import tiny_images, tiny_tables


def check_storage(cls: type[Storage], folder: Path, **settings: object) -> None:
    """Check a storage with these options.

    A storage that creates no datasets is checked only for what it refuses.

    Args:
        cls: the storage class.
        folder: an empty folder in which the storage may write.
        settings: options of the storage.

    Raises:
        AssertionError: it breaks the contract.
    """
    storage = build_checked(cls, settings)
    check_import(cls)
    place, pictures = folder / "dataset", folder / "pictures"
    with raises_covey_error(f"{cls.name}: opening a place that does not exist must raise CoveyError"):
        storage.open(str(place))
    images = tiny_images(pictures)
    before = set(folder.rglob("*"))
    with writes_no_files(cls.name):
        _check_created(storage, place, tiny_tables(images.names()), images.root)
    new_paths = set(folder.rglob("*")) - before
    stray_files = [path.name for path in new_paths if not path.is_relative_to(place)]
    expect(not stray_files, f"{cls.name}: only files in its own place may be written, not {stray_files[:1]}")


def _check_created(storage: Storage, place: Path, tables: Sequence[Table], images: Path) -> None:
    try:
        dataset = storage.create(str(place), images)
    except CoveyError:
        return
    _check_saved(storage.name, dataset, tables)
    reopened = storage.open(str(place))
    _check_saved(storage.name, reopened, tables)
    has_images = reopened.images is not None and reopened.images.root.resolve() == images.resolve()
    expect(has_images, f"{storage.name}: a dataset that was created must store where its images are")


def _check_saved(name: str, dataset: Dataset, tables: Sequence[Table]) -> None:
    for _ in range(2):
        dataset.save(tables)
    entries = dataset.entries()
    message = f"{name}: {len(tables)} tables saved twice must give as many entries, not {len(entries)}"
    expect(len(entries) == len(tables), message)
    order = [(entry.kind, entry.name) for entry in entries]
    expect(order == sorted(order), f"{name}: entries must be sorted by kind and name")
    for table in tables:
        assert table.provenance is not None
        try:
            entry = dataset.find(table.provenance.key)
        except CoveyError as error:
            raise AssertionError(f"{name}: a table that was saved must be found by its key ({error})") from error
        expect(_are_same(table, dataset.load(entry)), f"{name}: {entry.name} is not what was saved")


def _are_same(saved: Table, loaded: Table) -> bool:
    if type(saved) is not type(loaded) or saved.provenance != loaded.provenance:
        return False
    names = [field.name for field in attrs.fields(type(saved)) if field.name != "provenance"]
    return are_identical([getattr(saved, name) for name in names], [getattr(loaded, name) for name in names])
