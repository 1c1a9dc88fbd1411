"""The contract of storage backends."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs

from covey._base.errors import CoveyError
from covey.components.contracts import Storage
from covey.data.dataset import Dataset
from covey.data.tables import Table
from covey.testing.assertions import equal, expect, expected, tidy
from covey.testing.component_checks import built
from covey.testing.imports import check_import
from covey.testing.samples import tiny_images, tiny_tables


def check_storage(cls: type[Storage], folder: Path, **given: Any) -> None:
    """Check a storage backend with the options `given`; `folder` is an empty one in which it may write.

    One that makes no datasets is only checked as far as that goes.
    """
    storage = built(cls, given)
    check_import(cls)
    place, pictures = folder / "dataset", folder / "pictures"
    with expected(f"{cls.name}: opening a place that does not exist must raise CoveyError"):
        storage.open(str(place))
    images = tiny_images(pictures)
    before = _listed(folder)
    with tidy(cls.name):
        _check_written(storage, place, tiny_tables(images.names()), images.root)
    stray = [path.name for path in _listed(folder) if path not in before and not path.is_relative_to(place)]
    expect(not stray, f"{cls.name}: nothing may be written outside its place, but {stray[:1]} was")


def _check_written(storage: Storage, place: Path, tables: Sequence[Table], images: Path) -> None:
    try:
        dataset = storage.create(str(place), images)
    except CoveyError:
        return
    _check_kept(storage.name, dataset, tables)
    _check_kept(storage.name, storage.open(str(place)), tables)
    found = storage.open(str(place)).images
    same = found is not None and found.root.resolve() == images.resolve()
    expect(same, f"{storage.name}: a dataset that was created must remember where its images are")


def _check_kept(name: str, dataset: Dataset, tables: Sequence[Table]) -> None:
    for _ in range(2):
        dataset.save(tables)
    entries = dataset.entries()
    told = f"{name}: {len(tables)} tables saved twice must give as many entries, not {len(entries)}"
    expect(len(entries) == len(tables), told)
    ordered = [(entry.kind, entry.name) for entry in entries]
    expect(ordered == sorted(ordered), f"{name}: entries must be sorted by kind and name")
    for table in tables:
        assert table.provenance is not None
        try:
            entry = dataset.find(table.provenance.key)
        except CoveyError as error:
            raise AssertionError(f"{name}: a table that was saved must be found by its key ({error})") from error
        expect(_same(table, dataset.load(entry)), f"{name}: {entry.name} is not what was saved")


def _same(one: Table, other: Table) -> bool:
    if type(one) is not type(other) or one.provenance != other.provenance:
        return False
    names = [field.name for field in attrs.fields(type(one)) if field.name != "provenance"]
    return equal([getattr(one, name) for name in names], [getattr(other, name) for name in names])


def _listed(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))
