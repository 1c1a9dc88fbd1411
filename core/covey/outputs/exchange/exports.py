"""Exports: a dataset in the form of another program, in a folder of its own."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath

import attrs

from covey._base.balance import Balance
from covey._base.errors import CoveyError
from covey._base.files import make_folder, replace_file
from covey._base.progress import SILENT, Progress
from covey._base.text import escape_undecodable, preview
from covey.components.exchange_contracts import Exporter, What
from covey.data import clusters_csv
from covey.data.dataset import Dataset
from covey.data.images import ImageFolder
from covey.data.picture_decoding import BrokenImage
from covey.data.recording_index import RecordingIndex
from covey.data.tables import NOISE
from covey.outputs.exchange.collect_tables import ExportContents
from covey.outputs.exchange.imports.match_selections import cluster_label
from covey.outputs.exchange.row_blocks import Column, Sheet, write_csv
from covey.outputs.exchange.safe_filenames import FileNames
from covey.outputs.exchange.selection_tables.audacity_tracks import AUDACITY, audacity_track
from covey.outputs.exchange.selection_tables.image_segments import ImageSegment, read_segments, recordings_of
from covey.outputs.exchange.selection_tables.intervals import Interval, Timing, merge_segments, read_timing
from covey.outputs.exchange.selection_tables.raven_tables import RAVEN, raven_table
from covey.outputs.exchange.selection_tables.selection_columns import own_name
from covey.outputs.exchange.selection_tables.track_names import sound_path, track_names
from covey.outputs.outside_images import check_outside_images

LABELS = "labels"
"""The folder for tables of what people labelled."""
IMAGES = "images"
"""The folder for images in an image folder that Hugging Face datasets loads."""


@attrs.frozen(kw_only=True, slots=False)
class Export:
    """What is exported and where to.

    `segment` is the length of segments in seconds; None means as the file beside the images says.
    """

    contents: ExportContents
    out: Path
    progress: Progress
    segment: float | None = None

    @cached_property
    def segments(self) -> Mapping[str, ImageSegment]:
        """What each image shows, where that is known. Raises CoveyError when nothing tells how long segments are."""
        contents = self.contents
        names = [*contents.names, *contents.classes, *(row.filename for row in contents.absences)]
        return read_segments(contents.dataset, dict.fromkeys(names), self.segment)

    @property
    def images(self) -> ImageFolder | None:
        """The images of the dataset."""
        return self.contents.dataset.images


def export(
    dataset: Dataset,
    exporter: Exporter,
    out: Path,
    what: Sequence[What] = (),
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> int:
    """Write what a dataset holds into a folder, and return how many files were written.

    Args:
        dataset: what is exported.
        exporter: the form.
        out: a folder that is new or empty.
        what: what to export; by default all that there is and the form can hold.
        overwrite: the folder may hold files; those that are written now replace files of the same name.
        progress: told how far it is.

    Raises:
        CoveyError: there is nothing to export, the form cannot hold it, the folder is not empty or cannot be written.
    """
    holds = exporter.holds
    if alien := [name for name in what if name not in holds]:
        raise CoveyError(f"{exporter.name} cannot hold {' and '.join(alien)}: it holds {', '.join(holds)}.")
    _check_folder(out, dataset, overwrite)
    contents = ExportContents(dataset, what or holds)
    for problem in dataset.problems:
        progress.note(problem)
    written = exporter.write(contents, out, progress)
    if not written:
        remedy = " Labels are given in the dashboard." if "labels" in what else ""
        raise CoveyError(f"{dataset.location} holds no {', '.join(what or holds)}: there is nothing to export.{remedy}")
    if contents.metadata.path:
        progress.note(contents.metadata.describe(contents.names))
    return written


def _check_folder(out: Path, dataset: Dataset, overwrite: bool) -> None:
    if out.exists() and not out.is_dir():
        raise CoveyError(f"{out} is a file: name a folder.")
    if out.is_dir() and any(out.iterdir()) and not overwrite:
        raise CoveyError(f"{out} is not empty: name a new folder, or overwrite the files of the same name.")
    check_outside_images(out, dataset)


def write_sheets(export: Export, ending: str, write: Callable[[Sheet, Path, Progress], None]) -> int:
    """Write a file for each table; return their number."""
    file_names, balance = FileNames(), Balance("table")
    for sheet in export.contents.sheets():
        write(sheet, make_folder(export.out) / file_names.reserve_path(sheet.name, ending), export.progress)
        balance.used += 1
    for problem in export.contents.dataset.problems:
        balance.leave_out("that cannot be read", "".join(re.findall(r"[^/\\]+\.npz", problem)[:1]) or problem)
    if balance.used:
        export.progress.note(balance.describe())
    return balance.used


def write_image_folder(export: Export) -> int:
    """Copy the images, and describe them in metadata.csv: what Hugging Face datasets loads as `imagefolder`."""
    if export.images is None:
        raise CoveyError(f"{export.contents.dataset.location} has no images here: an imagefolder consists of them.")
    copied = dict(_copied(export.images, export))
    names, contents = list(copied), export.contents
    classes = contents.classes
    columns: dict[str, Column] = {
        **contents.known(names),
        **clusters_csv.cluster_columns(contents.clusterings, names),
        **({"label": ["; ".join(classes.get(name, ())) or None for name in names]} if classes else {}),
    }
    write_csv(Sheet("metadata", {"file_name": list(copied.values()), **columns}), export.out / "metadata.csv")
    return 1 + len(copied)


def _copied(images: ImageFolder, export: Export) -> Iterator[tuple[str, str]]:
    """Copy the images that can be read, and yield the name of each, there and here."""
    file_names, problems, balance = FileNames(), list[str](), Balance("image")
    names = export.contents.names
    with export.progress.step("Copying images", len(names), "image") as step:
        for name in names:
            path = PurePosixPath(name)
            target = f"{IMAGES}/{file_names.reserve_path(str(path.with_suffix('')), path.suffix)}"
            try:
                _copy(images.path(name), export.out / target)
            except BrokenImage as error:
                problems.append(f"{name} ({error})")
                balance.leave_out(str(error), name)
                continue
            balance.used += 1
            if target != f"{IMAGES}/{name}":
                export.progress.note(f"{name!r} is no file name on every system: it is {target!r} there.")
            step.advance()
            yield name, target
    if problems:
        export.progress.note(f"Images that could not be copied: {preview(problems)}.")
    export.progress.note(balance.describe())


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as file:
        make_folder(target.parent)
        with replace_file(target, durable=False) as copy:
            shutil.copyfileobj(file, copy)


def write_raven(export: Export) -> int:
    """Write a selection table for each recording, for the labels and for each clustering; return their number."""
    rate, segments = _timing(export).rate, export.segments
    sounds = {segment.recording: segment.sound for segment in segments.values()}
    index = RecordingIndex.of_recordings(sounds)

    def text(recording: str, stretches: Sequence[Interval]) -> str:
        return raven_table(stretches, sound_path(index, recording, sounds[recording]), rate)

    return _write_tracks(export, RAVEN, text, own_name)


def write_audacity(export: Export) -> int:
    """Write a label track for each recording, for the labels and for each clustering; return their number."""

    def text(_: str, stretches: Sequence[Interval]) -> str:
        return audacity_track(stretches)

    return _write_tracks(export, AUDACITY, text, lambda path: path.stem)


def _timing(export: Export) -> Timing:
    return read_timing(export.images.root if export.images else None)


def _write_tracks(
    export: Export,
    ending: str,
    text: Callable[[str, Sequence[Interval]], str],
    read_name: Callable[[Path], str],
) -> int:
    """Write a file for each recording, into a folder for the labels and one for each clustering.

    A recording in which people found nothing has an empty one. `read_name` returns what an import takes for the name of
    a file's recording.
    """
    file_names, count = FileNames(), 0
    step_s, segments = _timing(export).step, export.segments
    index = RecordingIndex.of_recordings(recordings_of(segments))
    for source, classes in _sources(export.contents):
        stretches_by_recording = merge_segments(classes, segments, step_s)
        if source == LABELS:
            empty_recordings = _empty_recordings(export, stretches_by_recording)
            stretches_by_recording |= {recording: [] for recording in empty_recordings}
        if not stretches_by_recording:
            raise CoveyError(
                "Nothing tells which recording the images show, and when: neither their names (…_segm_0000.000.png) nor"
                " a table clips.csv."
            )
        tracks = track_names(index, source, lambda base: read_name(Path(f"{base}{ending}")))
        with export.progress.step(f"Writing {source}", len(stretches_by_recording), "recording") as step:
            for recording, stretches in stretches_by_recording.items():
                path = export.out / file_names.reserve_path(f"{source}/{tracks[recording]}", ending)
                make_folder(path.parent)
                with replace_file(path, durable=False) as file:
                    file.write(escape_undecodable(text(recording, stretches)).encode())
                step.advance()
        count += len(stretches_by_recording)
        if classes:
            export.progress.note(f"{source}: {_balance(classes, segments).describe()}")
    return count


def _empty_recordings(export: Export, labelled: Collection[str]) -> list[str]:
    """Return the recordings in which nothing was found in any image, and none of which has a label; tell of others."""
    absent = {row.filename for row in export.contents.absences}
    recordings = {name: segment.recording for name, segment in export.segments.items()}
    not_empty = {recording for name, recording in recordings.items() if name not in absent}.union(labelled)
    balance = Balance("image", "in which nothing was found")
    for name in sorted(absent):
        if recordings.get(name, "") in not_empty or name not in recordings:
            balance.leave_out("of recordings that have labels, or images at which nobody looked", name)
        else:
            balance.used += 1
    if absent:
        export.progress.note(balance.describe())
    return sorted({recordings[name] for name in absent & recordings.keys()} - not_empty)


def _balance(classes: Mapping[str, Sequence[str]], segments: Mapping[str, ImageSegment]) -> Balance:
    """Return how many labels have a place in a recording."""
    balance = Balance("label")
    for name, labels in classes.items():
        for _ in labels:
            if name in segments:
                balance.used += 1
            else:
                balance.leave_out("on images of which nothing tells the recording and the time", name)
    return balance


def _sources(contents: ExportContents) -> Iterator[tuple[str, Mapping[str, Sequence[str]]]]:
    """Yield what gives classes to images: the labels of people, and each clustering, in which noise is no class."""
    if contents.classes or contents.absences:
        yield LABELS, contents.classes
    for name, table in contents.clusterings:
        pairs = zip(table.names.tolist(), table.labels.tolist(), strict=True)
        if labels_by_image := {image: [cluster_label(label)] for image, label in pairs if label != NOISE}:
            yield name, labels_by_image
