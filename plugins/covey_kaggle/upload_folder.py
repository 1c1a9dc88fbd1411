"""Lay out the files to send in one flat folder: Kaggle knows no subfolders, but unpacks archives."""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from covey import Dataset
from covey.authoring import (
    METADATA_FILE,
    UPLOADED_IMAGES,
    BrokenImage,
    ImageFolder,
    Metadata,
    Progress,
    Value,
    guard_cell,
    hash_file,
    make_folder,
    replace_file,
    write_csv,
    write_original_labels,
    write_original_metadata,
    write_original_tables,
)

_FIXED_TIME_S = 315532800
"""The first second of 1980, the earliest time in a ZIP archive. With fixed times equal files give equal archives."""


@contextmanager
def lay_out_files(
    dataset: Dataset, metadata: Metadata, folder: Path, original: bool, progress: Progress
) -> Iterator[None]:
    """Lay out the files of a dataset in `folder` while the block runs.

    Equal files get equal paths and times, so that Kaggle's client resumes an interrupted upload.

    Args:
        dataset: its files and images are laid out.
        metadata: the metadata of its recordings.
        folder: replaced, and deleted afterwards.
        original: as the original's frontend opens it.
        progress: reports progress.

    Raises:
        CoveyError: a file cannot be written, for example because the disk is full.
    """
    try:
        shutil.rmtree(folder, ignore_errors=True)
        _fill_folder(dataset, metadata, make_folder(folder), original, progress)
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fill_folder(dataset: Dataset, metadata: Metadata, folder: Path, original: bool, progress: Progress) -> None:
    replaced_names = {METADATA_FILE, *(entry.name for entry in dataset.embeddings() if original)}
    for path in dataset.files:
        if path.name not in replaced_names:
            _link_or_copy(path, folder / path.name)
    if metadata.path is not None:
        _add_metadata(metadata, metadata.path, folder)
    if original:
        for path in _write_original_files(dataset, folder, progress):
            _set_fixed_time(path)
    if dataset.images is not None:
        archive_name, inner_folder = UPLOADED_IMAGES if original else ("images.zip", "")
        _pack_images(dataset.images, folder / archive_name, inner_folder, progress)


def _write_original_files(dataset: Dataset, folder: Path, progress: Progress) -> Iterator[Path]:
    """Write embeddings, metadata and labels as the original's frontend reads them, and yield the files."""
    yield from write_original_tables(dataset, folder, progress)
    yield write_original_metadata(dataset, folder)
    yield from write_original_labels(dataset, dataset.images.names() if dataset.images else (), folder)


def hash_files(folder: Path, progress: Progress) -> dict[str, str]:
    """Return the SHA-256 of each file in a folder."""
    paths = sorted(folder.iterdir())
    with progress.step("Comparing with the last push", len(paths), "file") as step:
        return {path.name: step.tick(hash_file(path)) for path in paths}


def _link_or_copy(path: Path, new_path: Path) -> None:
    try:
        os.link(path.resolve(), new_path)
    except OSError:  # another disk, or one without links
        with path.open("rb") as source, replace_file(new_path) as file:
            shutil.copyfileobj(source, file)
        shutil.copystat(path, new_path)


def _add_metadata(metadata: Metadata, path: Path, folder: Path) -> None:
    """Add the metadata to the files as a plain table, wherever they were."""
    if path.name != METADATA_FILE:
        if not (folder / path.name).exists():
            _link_or_copy(path, folder / path.name)
        return
    table_path = folder / "metadata.csv"
    columns = _add_filenames(metadata)
    rows = zip(*columns.values(), strict=True)
    write_csv(table_path, list(columns), [[guard_cell(value) for value in row] for row in rows])
    _set_fixed_time(table_path)


def _add_filenames(metadata: Metadata) -> dict[str, Sequence[Value]]:
    """Return the columns, and if rows belong to images, a first column with their names."""
    names_by_row = metadata.image_names
    name_column = {"filename": [names_by_row.get(row) for row in range(metadata.count)]} if names_by_row else {}
    return {**name_column, **metadata.columns}


def _set_fixed_time(path: Path) -> None:
    os.utime(path, (_FIXED_TIME_S, _FIXED_TIME_S))


def _pack_images(images: ImageFolder, path: Path, inner_folder: str, progress: Progress) -> None:
    """Write all images, and the JSON files about their making, into an archive under the folder `inner_folder`."""
    names = [*images.names(), *sorted(path.name for path in images.root.glob("_*.json"))]
    with (
        replace_file(path) as file,
        zipfile.ZipFile(file, "w") as archive,
        progress.step("Packing the images", len(names), "image") as step,
    ):
        for name in names:
            step.advance()
            member = zipfile.ZipInfo(inner_folder + name)
            member.external_attr = 0o644 << 16
            try:
                archive.writestr(member, images.path(name).read_bytes())
            except BrokenImage as error:
                progress.note(f"{name} is left out: {error}.")
    _set_fixed_time(path)
