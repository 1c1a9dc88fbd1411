"""The catalogue of a folder of images: what each contained when it was last read, kept between runs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path

import attrs
import numpy as np

from covey._base.digests import digest
from covey._base.files import is_writable_folder
from covey._base.progress import SILENT, Progress, Step
from covey._base.text import preview
from covey._base.user_folders import user_data_folder
from covey.data.catalogue.describe_changes import describe_changes
from covey.data.catalogue.image_reading import ReadImages, read_images
from covey.data.catalogue.image_rows import (
    LAYOUT,
    ImageRows,
    Stamps,
    forget_recent,
    format_content,
    mark_gone,
)
from covey.data.catalogue.image_scan import GONE, ImageScan, Portion
from covey.data.catalogue.owner import Owner, create_owner, current_owner
from covey.data.catalogue.part_store import WAIT_S, Change, DamagedStoreError, PartStore, keep_rows
from covey.data.formats.arrow_columns import Mask, Rows, TextColumn
from covey.data.images import RANGES, ImageFile, ImageFolder, scale_alike, write_ranges

_PORTION = 1 << 16
"""Images that are read before what they contain is written down: an interruption costs no more."""
_MANY = 100_000
"""Images of which the list takes about a second, so that it has a progress bar."""
FOLDER = "catalogue"
_OLD_INDEX = "images.json"
"""What earlier versions of covey kept instead."""
_STAMPS = ("name", "bytes", "time", "changed")


@attrs.frozen
class ImageChanges:
    """What became of the images of a folder since they were last looked at: names are sorted.

    `renamed` has pairs of an old and a new name; these are neither `new` nor `gone`. `left_out` are
    sentences about pictures and folders that are not used.
    """

    total: int
    new: int = 0
    replaced: Sequence[str] = ()
    renamed: Sequence[tuple[str, str]] = ()
    gone: Sequence[str] = ()
    left_out: Sequence[str] = ()

    def describe(self) -> Iterator[str]:
        """Yield a sentence for each kind of change that a person should know about."""
        yield from describe_changes("image", self.renamed, self.replaced)
        if self.gone:
            yield f"Gone since the last look, and left out: {preview(self.gone)}."
        yield from self.left_out


@attrs.frozen
class Catalogue:
    """What covey knows of the images in a folder.

    It is an index that can be made again: it lies in the work folder of the dataset, apart for each user, or in the
    user's data folder where the dataset cannot be written. What a stranger's covey wrote is never read.
    """

    images: ImageFolder
    wait_s: float = WAIT_S
    """How long a change waits for another process that makes one."""

    @property
    def store(self) -> PartStore:
        """The files of this user's catalogue, which may not be there yet. Nothing is written."""
        owner = current_owner()
        inside, outside = self._places(owner)
        use_inside = inside and inside.is_dir() and (os.access(inside, os.W_OK) or not outside.is_dir())
        return PartStore(inside if inside and use_inside else outside, owner)

    def _writable_store(self) -> PartStore:
        """Return the files of this user's catalogue to write in: in the dataset, or else in the user's data folder."""
        owner = create_owner()
        inside, outside = self._places(owner)
        is_inside = inside and self.images.work and is_writable_folder(self.images.work.parent)
        return PartStore(inside if inside and is_inside else outside, owner)

    def _places(self, owner: Owner) -> tuple[Path | None, Path]:
        """Return the folder for a catalogue in the dataset, if nothing else lies there, and that of the user."""
        outside = user_data_folder() / "catalogues" / digest(str(self.images.root.resolve()))[:16] / owner.name
        if self.images.work is None:
            return None, outside
        folders = self.images.work, self.images.work / FOLDER, self.images.work / FOLDER / owner.name
        try:
            are_own = all(not folder.is_symlink() and (folder.is_dir() or not folder.exists()) for folder in folders)
        except OSError:  # the work folder of somebody else, who shares the dataset
            are_own = False
        return folders[-1] if are_own else None, outside

    def rows(self, columns: Sequence[str] = LAYOUT.columns) -> ImageRows:
        """Return the images as they were when they were last looked at, with some of the columns.

        Raises:
            DamagedStoreError: the catalogue cannot be read; `refresh` makes it again.
        """
        read = self.store.read(LAYOUT, list(dict.fromkeys([*columns, "bytes"])))
        return ImageRows(keep_rows(read, np.asarray(read["bytes"]) != GONE) if read else {})

    def files(self) -> list[ImageFile]:
        """Return the images in order of name; deep greys are scaled by one range for all of them."""
        rows = self.rows()
        return scale_alike(rows.files(rows.names.order())) if len(rows) else []

    def contents(self, names: Sequence[str]) -> dict[str, str]:
        """Return the SHA-256 that each of these images had when it was last read, "" where that is not known.

        Raises:
            DamagedStoreError: as in `rows`.
        """
        stored_rows = self.rows(("name", "content")) if names else ImageRows({})
        rows = stored_rows.names.locate(TextColumn.of(names)) if len(stored_rows) else np.full(len(names), -1)
        contents = stored_rows.numbers("content") if len(stored_rows) else ()
        return {name: format_content(contents[row]) if row >= 0 else "" for name, row in zip(names, rows, strict=True)}

    def refresh(self, progress: Progress = SILENT, check: bool = False, read: ReadImages = read_images) -> ImageChanges:
        """Look at all images, and read those whose size or times are not as they were.

        Args:
            progress: shows the steps and notes.
            check: whether to read all of them.
            read: reads them.

        Raises:
            CoveyError: the catalogue cannot be written.
        """
        try:
            return self._refresh(progress, check, read)
        except DamagedStoreError as error:
            self.put_aside(error, progress)
            return self._refresh(progress, check, read)

    def put_aside(self, problem: DamagedStoreError, progress: Progress) -> None:
        """Give a damaged catalogue another name, in the place of one that was put aside before."""
        folder = self.store.folder
        aside = folder.with_name(f"{folder.name}.damaged")
        shutil.rmtree(aside, ignore_errors=True)
        folder.replace(aside)
        progress.note(f"The catalogue of images is made again: {problem}. The old one is kept in {aside}.")

    def _refresh(self, progress: Progress, check: bool, read: ReadImages) -> ImageChanges:
        with self.changing(progress) as change, ThreadPoolExecutor(1) as thread:
            reading = thread.submit(self.rows, _STAMPS)
            scan = ImageScan(self.images.root)
            stamps = _list_files(scan, change.count_rows(LAYOUT), progress)
            earlier = reading.result()
            rows = earlier.locate(stamps.names)
            unread = np.ones(len(stamps), bool) if check else ~earlier.is_unchanged(stamps, rows)
            gone = _find_missing(earlier, rows)
            changes = ImageChanges(len(stamps))
            if gone or unread.any():
                update = _Update(self, change, progress, read, self.contents(gone))
                changes = update.apply(stamps, unread, rows >= 0)
            return attrs.evolve(changes, left_out=tuple(scan.describe()))

    @contextmanager
    def changing(self, progress: Progress) -> Iterator[Change]:
        """Open a change of the catalogue. One that is damaged is put aside first, and the change begins with nothing.

        Raises:
            CoveyError: the catalogue cannot be written, or another process changes it.
            DamagedStoreError: it turns out to be damaged during the block.
        """
        store = self._writable_store()
        try:
            store.read_manifest()
        except DamagedStoreError as error:
            self.put_aside(error, progress)
        with store.changing(self.wait_s) as change:
            yield change


@attrs.define
class _Update:
    """Reads images that are new or have changed, and writes down what they contain. `gone` are those that are missing.

    Contents are SHA-256 by name.
    """

    catalogue: Catalogue
    change: Change
    progress: Progress
    read: ReadImages
    gone: dict[str, str]
    new: int = attrs.field(init=False, default=0)
    has_greys: bool = attrs.field(init=False, default=False)
    replaced: list[str] = attrs.field(init=False, factory=list)
    renamed: dict[str, str] = attrs.field(init=False, factory=dict)

    def apply(self, stamps: Stamps, unread: Mask, listed: Mask) -> ImageChanges:
        """Bring the catalogue up to date, and return what became of the images.

        Args:
            stamps: of all files (n,).
            unread: which of them must be read (n,).
            listed: which of them are in the catalogue already (n,).
        """
        earlier_contents = self.catalogue.contents(stamps.names.keep(unread & listed).texts())
        names, count = stamps.names.keep(unread).texts(), int(unread.sum())
        numbers = np.stack([stamps.bytes, stamps.time, stamps.changed], axis=1)[unread]
        with (
            self.progress.step("Looking at the images", count, "image") as step,
            closing(self.read(self.catalogue.images, names, numbers, step)) as read_files,
        ):
            while files := [step.tick(forget_recent(file)) for file in islice(read_files, _PORTION)]:
                self.has_greys |= any(file.greys for file in files)
                self._compare(files, earlier_contents)
                self.change.append(LAYOUT, ImageRows.of_files(files).columns, replaces=bool(earlier_contents))
                self.change.finish()
        self.change.append(LAYOUT, mark_gone(self.gone).columns, replaces=True)
        self.change.finish()
        self._keep_ranges()
        gone = self.gone.keys() - self.renamed.keys()
        return ImageChanges(
            len(stamps),
            self.new,
            tuple(sorted(self.replaced)),
            tuple(sorted(self.renamed.items())),
            tuple(sorted(gone)),
        )

    def _compare(self, files: Sequence[ImageFile], earlier_contents: Mapping[str, str]) -> None:
        old_names = {content: name for name, content in self.gone.items() if content and name not in self.renamed}
        for file in files:
            earlier = earlier_contents.get(file.name)
            if earlier and file.content != earlier:
                self.replaced.append(file.name)
            elif earlier is None and (old_name := old_names.pop(file.content, None)):
                self.renamed[old_name] = file.name
            elif earlier is None:
                self.new += 1

    def _keep_ranges(self) -> None:
        """Keep the ranges of deep greys for those who look at images."""
        work = self.catalogue.images.work
        if work and self.catalogue.store.folder.is_relative_to(work):
            if self.has_greys or (work / RANGES).exists():
                write_ranges(work / RANGES, self.catalogue.files())
            (work / _OLD_INDEX).unlink(missing_ok=True)


def _find_missing(earlier: ImageRows, rows: Rows) -> list[str]:
    """Return the names of images that are in the catalogue, and not among those that are there: their rows."""
    missing = np.ones(len(earlier), bool)
    missing[rows[rows >= 0]] = False
    return earlier.names.keep(missing).texts() if missing.any() else []


def _list_files(scan: ImageScan, expected: int, progress: Progress) -> Stamps:
    if expected < _MANY:
        return Stamps.of(scan.portions())
    with progress.step("Listing the images", expected, "image") as step:
        return Stamps.of(_count_portions(scan.portions(), step))


def _count_portions(portions: Iterator[Portion], step: Step) -> Iterator[Portion]:
    for portion in portions:
        step.advance(len(portion[0]))
        yield portion
