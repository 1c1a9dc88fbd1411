"""What is to be sent, in one flat folder: Kaggle unpacks archives, and knows no other folders."""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from covey import Dataset
from covey.authoring import (
    METADATA,
    BrokenImage,
    ImageFolder,
    Metadata,
    Progress,
    Value,
    guard_cell,
    make_folder,
    replace_file,
    write_csv,
)
from covey_kaggle.legacy_pickle import pickled

_EPOCH = 315532800
"""The first second of 1980, the first that a ZIP archive knows: the same files give the same archive."""


@contextmanager
def staged(dataset: Dataset, metadata: Metadata, folder: Path, original: bool, progress: Progress) -> Iterator[None]:
    """Lay out the files of a dataset in `folder` for as long as the block runs.

    The place and the times are the same for the same files, so that an upload that was cut off is taken up.

    Raises:
        CoveyError: they cannot be laid out there: say, for want of room.
    """
    try:
        shutil.rmtree(folder, ignore_errors=True)
        _lay_out(dataset, metadata, make_folder(folder), original, progress)
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _lay_out(dataset: Dataset, metadata: Metadata, folder: Path, original: bool, progress: Progress) -> None:
    for path in dataset.files:
        if path.name != METADATA:
            _link(path, folder / path.name)
    if metadata.path is not None:
        _add_metadata(metadata, metadata.path, folder)
    if original:
        with replace_file(folder / METADATA) as file:
            file.write(pickled(metadata, dataset.images))
        _date(folder / METADATA)
    if dataset.images is not None:
        inner, name = ("xc_spectrograms/", "xc_spectrograms.zip") if original else ("", "images.zip")
        _pack(dataset.images, folder / name, inner, progress)


def digests(folder: Path, progress: Progress) -> dict[str, str]:
    """Return the SHA-256 of each file in a folder."""
    paths = sorted(folder.iterdir())
    with progress.step("Comparing with what was sent before", len(paths), "file") as step:
        return {path.name: step.tick(_digest(path)) for path in paths}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _link(path: Path, new: Path) -> None:
    try:
        os.link(path.resolve(), new)
    except OSError:  # another disk, or one without links
        with path.open("rb") as source, replace_file(new) as file:
            shutil.copyfileobj(source, file)
        shutil.copystat(path, new)


def _add_metadata(metadata: Metadata, path: Path, folder: Path) -> None:
    """Let the metadata be among the files, as a plain table, wherever they were."""
    if path.name != METADATA:
        if not (folder / path.name).exists():
            _link(path, folder / path.name)
        return
    plain = folder / "metadata.csv"
    columns = _named(metadata)
    rows = zip(*columns.values(), strict=True)
    write_csv(plain, list(columns), [[guard_cell(value) for value in row] for row in rows])
    _date(plain)


def _named(metadata: Metadata) -> dict[str, Sequence[Value]]:
    """Return the columns of a table with one for the names of images, if it has rows that belong to images."""
    names = {row: name for (way, name), row in metadata.rows.items() if way == "name"}
    count = len(next(iter(metadata.columns.values()), ()))
    name_column = {"filename": [names.get(row) for row in range(count)]} if names else {}
    return {**name_column, **metadata.columns}


def _date(path: Path) -> None:
    os.utime(path, (_EPOCH, _EPOCH))


def _pack(images: ImageFolder, path: Path, inner: str, progress: Progress) -> None:
    """Write all images, and how they were made, into an archive, under the folder `inner`."""
    names = [*images.names(), *sorted(beside.name for beside in images.root.glob("_*.json"))]
    with (
        replace_file(path) as file,
        zipfile.ZipFile(file, "w") as archive,
        progress.step("Packing the images", len(names), "image") as step,
    ):
        for name in names:
            step.advance()
            member = zipfile.ZipInfo(inner + name)
            member.external_attr = 0o644 << 16
            try:
                archive.writestr(member, images.path(name).read_bytes())
            except BrokenImage as error:
                progress.note(f"{name} is left out: {error}.")
    _date(path)
