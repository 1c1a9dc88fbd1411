"""A folder of recordings becomes a dataset of spectrogram images."""

from __future__ import annotations

import errno
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path

import attrs
import numpy as np

from covey._base.digests import digest, hash_file
from covey._base.errors import CoveyError, in_terminal, reason
from covey._base.files import WORK, make_folder, refuse_links, replace_file
from covey._base.progress import SILENT, Progress
from covey._base.run_lock import hold_run_lock
from covey._base.run_log import LOGGER, LoggedProgress, log_to_file
from covey._base.text import escape_undecodable
from covey.components.options import evolve
from covey.data.folder import FolderDataset
from covey.data.images import THREADS, ImageFolder
from covey.data.outside_paths import refuse_outside_folders
from covey.data.pointer import point_to_recordings
from covey.data.recording_files import RecordingFiles, find_recordings
from covey.data.segment_names import image_name, recordings_of_images
from covey.sound import png
from covey.sound.clip_table import write_clips
from covey.sound.common_band import choose_band
from covey.sound.conversion_report import ConversionReport
from covey.sound.decoder import BrokenRecording, Decoder
from covey.sound.ledger import Ledger, LedgerEntry
from covey.sound.recipe_file import check_recipe, read_recipe, write_recipe
from covey.sound.recordings import Recording, examine_recording, mark_namesakes
from covey.sound.refresh_catalogue import refresh_catalogue
from covey.sound.segments import Event, Segment, SegmentCutter, choose_segments
from covey.sound.spectrograms import FLOOR, GRID, NEAREST, WHOLE, Recipe

LOUDEST = 300
"""dB of full scale that no sound reaches: values beyond are no samples."""
LOG = "spectrograms.log"
_SAMPLES = {FLOOR: "before", NEAREST: "nearest to"}
_FATAL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}
"""Errors of writing that would meet every other recording as well."""


def convert_recordings(
    source: Path,
    dataset: Path,
    recipe: Recipe | None = None,
    progress: Progress = SILENT,
    *,
    check: bool = False,
    remove_orphans: bool = False,
    events: Mapping[str, Sequence[Event]] | None = None,
) -> ConversionReport:
    """Make spectrogram images of all recordings in `source`, into `dataset`/images.

    Images are named `<stub>_segm_<SSSS.mmm>.png` after the recording and the start of the segment in seconds;
    subfolders are kept. What was made before by the same recipe is not made again, unless the recording has changed.

    Args:
        source: folder with the recordings.
        dataset: folder of the dataset.
        recipe: how sound becomes images.
        progress: shows the steps and notes.
        check: whether to read every recording, also those that the file system says are unchanged.
        remove_orphans: whether to remove images of recordings that are gone.
        events: what is annotated in each recording, by its name without the ending, where the recipe cuts around
            events.

    Raises:
        CoveyError: no recordings; the recipe cuts around events and there are none, or the other way round; the folder
            holds images of another recipe, or another process works in it; it cannot be written.
    """
    recipe = recipe or Recipe()
    _check_libraries()
    _check_events(recipe, events)
    files = find_recordings(source)
    folder = dataset / "images"
    refuse_links(dataset / WORK)
    refuse_outside_folders(folder, dataset)
    recordings = _examine_all(files, recipe, progress)
    if events is not None:
        recordings = [_with_events(recording, events) for recording in recordings]
    earlier = read_recipe(folder)
    recipe = _follow_starts(recipe, earlier, progress)
    recordings, recipe = choose_band(recordings, recipe, earlier, progress)
    usable = [recording for recording in recordings if not recording.problem]
    if not usable and not ImageFolder(folder).has_images():
        return ConversionReport(folder=folder, files=files, recordings=recordings)
    if usable:
        check_recipe(folder, recipe)
    work = make_folder(dataset / WORK)
    with hold_run_lock(work / "spectrograms.lock"), log_to_file(work / LOG):
        if usable:
            write_recipe(folder, recipe)
        converter = Converter(folder=folder, recipe=recipe, check=check, recordings=recordings, events=events)
        report = attrs.evolve(_convert(converter, files, usable, remove_orphans, progress), log=work / LOG)
        for line in report.lines(verbose=True):
            LOGGER.info("%s", escape_undecodable(line))
        _catalogue(FolderDataset(dataset), source, progress)
    return report


def _convert(
    converter: Converter,
    files: RecordingFiles,
    usable: Sequence[Recording],
    remove_orphans: bool,
    progress: Progress,
) -> ConversionReport:
    """Make the images of the usable recordings, and return what became of all files."""
    entries = converter.convert_all(usable, LoggedProgress(progress))
    converter.follow_contents(entries)
    orphans = sorted(converter.orphans())
    if remove_orphans:
        _remove_images(converter.folder, orphans)
    if converter.recipe.cut == WHOLE:
        write_clips(converter.folder, converter.recipe)
    return attrs.evolve(converter.report(files, entries), orphans=orphans, orphans_removed=remove_orphans)


def _check_events(recipe: Recipe, events: Mapping[str, Sequence[Event]] | None) -> None:
    if (events is None) != (recipe.cut == GRID):
        raise CoveyError(
            f"The recipe cuts around events (cut {recipe.cut}): name the tables of events to cut around."
            if events is None
            else "Events are cut around their middle or whole: with tables of events, cut cannot be grid."
        )


def _with_events(recording: Recording, events: Mapping[str, Sequence[Event]]) -> Recording:
    """Return a recording, with a problem if nothing is annotated in it."""
    if recording.problem or events.get(recording.stub):
        return recording
    return attrs.evolve(recording, rate=0, problem="no event is annotated in it")


def _follow_starts(recipe: Recipe, earlier: Recipe | None, progress: Progress) -> Recipe:
    """Return a recipe that finds the first sample of a segment as that of images that are there already."""
    if earlier is None or earlier.starts == recipe.starts:
        return recipe
    progress.note(
        f"New segments begin at the sample {_SAMPLES[earlier.starts]} their start, like those of the images that are"
        f" there; in another dataset folder they would begin at the one {_SAMPLES[recipe.starts]} it."
    )
    return evolve(recipe, starts=earlier.starts)


def _catalogue(dataset: FolderDataset, source: Path, progress: Progress) -> None:
    """Remember where the recordings lie, and bring the catalogue up to date."""
    if source.resolve() not in [folder.resolve() for folder in dataset.recording_folders[:1]]:
        point_to_recordings(dataset.home, source)
    if images := dataset.images:
        refresh_catalogue(dataset, images, progress)


def images_of(folder: Path) -> Mapping[str, list[str]]:
    """Return the names of the images in a folder by the stub of their recording."""
    names_by_stub: dict[str, list[str]] = defaultdict(list)
    for name, stub in recordings_of_images(ImageFolder(folder).walk()).items():
        names_by_stub[stub].append(name)
    return names_by_stub


def _check_libraries() -> None:
    if missing := Recipe.missing():
        command = f'pip install "{" ".join(missing)}"'
        raise CoveyError(f"Reading sound needs libraries that are not installed: {in_terminal(command)}.")


def _examine_all(files: RecordingFiles, recipe: Recipe, progress: Progress) -> list[Recording]:
    step = progress.step("Looking at the recordings", len(files.paths), "recording")
    with step as counter, ThreadPoolExecutor(THREADS) as pool:
        examined = pool.map(lambda path: examine_recording(path, files.root, recipe), files.paths)
        return list(mark_namesakes(counter.tick(recording) for recording in examined))


@attrs.define(kw_only=True)
class Converter:
    """Makes the images of recordings, or finds that they are there.

    `new` are the entries whose images were made. `renamed`, `replaced` and `assumed` name recordings; the content of
    the last was not recorded by the version of covey that made their images. `new_image_names` are those of images
    whose recordings were renamed, by the old ones.
    """

    folder: Path
    recipe: Recipe
    check: bool
    recordings: Sequence[Recording]
    events: Mapping[str, Sequence[Event]] | None = None
    new: list[LedgerEntry] = attrs.field(init=False, factory=list)
    renamed: list[tuple[str, str]] = attrs.field(init=False, factory=list)
    new_image_names: dict[str, str] = attrs.field(init=False, factory=dict)
    replaced: list[str] = attrs.field(init=False, factory=list)
    assumed: list[str] = attrs.field(init=False, factory=list)
    _ledger: Ledger = attrs.field(init=False)
    _present: Mapping[str, list[str]] = attrs.field(init=False)
    _gone: dict[str, LedgerEntry] = attrs.field(init=False)
    _earlier: Mapping[str, LedgerEntry] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._ledger = Ledger(self.folder)
        self._earlier = dict(self._ledger.entries)
        self._present = images_of(self.folder)
        stubs = {recording.stub for recording in self.recordings}
        self._gone = {
            entry.content: entry
            for stub, entry in self._ledger.entries.items()
            if stub not in stubs and entry.content and self._is_complete(entry) and self._ledger.is_gone(entry)
        }

    def convert_all(self, recordings: Sequence[Recording], progress: Progress) -> list[LedgerEntry]:
        """Convert several recordings at a time; each that is done gets its line in the ledger."""
        step = progress.step("Making spectrograms", len(recordings), "recording")
        with step as counter, ThreadPoolExecutor(THREADS) as pool:
            futures = [pool.submit(self._convert, recording) for recording in recordings]
            try:
                return [counter.tick(future.result()) for future in as_completed(futures)]
            finally:
                pool.shutdown(cancel_futures=True)

    def follow_contents(self, entries: Sequence[LedgerEntry]) -> None:
        """Find recordings whose names went to others at the same time, as when several names move on by one.

        Their images were made anew. What was said of the old images holds for the new ones of the same content, and
        old images of names that are gone are removed: no sound is there twice.
        """
        by_content: dict[str, list[LedgerEntry]] = defaultdict(list)
        for entry in entries:
            by_content[entry.content].append(entry)
        contents = {entry.stub: entry.content for entry in entries}
        for old in self._earlier.values():
            now = by_content.get(old.content, []) if old.content and self._is_complete(old) else []
            has_lost_it = contents[old.stub] != old.content if old.stub in contents else self._ledger.is_gone(old)
            if len(now) == 1 and has_lost_it and (old.name, now[0].name) not in self.renamed:
                self._follow(old, now[0], keep_images=old.stub in contents)

    def _follow(self, old: LedgerEntry, new: LedgerEntry, keep_images: bool) -> None:
        for name in self._present.get(old.stub, ()):
            new_name = new.stub + name.removeprefix(old.stub)
            if (self.folder / new_name).exists():
                self.new_image_names[name] = new_name
                if not keep_images:
                    (self.folder / name).unlink(missing_ok=True)
        self.renamed.append((old.name, new.name))
        self.replaced = [name for name in self.replaced if name != new.name]

    def report(self, files: RecordingFiles, entries: list[LedgerEntry]) -> ConversionReport:
        """Return what became of the recordings in a folder, of which there are these entries."""
        return ConversionReport(
            folder=self.folder,
            files=files,
            recordings=self.recordings,
            entries=entries,
            new=sum(entry.images for entry in self.new),
            renamed=self.renamed,
            new_image_names=self.new_image_names,
            replaced=self.replaced,
            assumed=self.assumed,
        )

    def orphans(self) -> Iterator[str]:
        """Yield the names of images that no recording shows any more."""
        recordings = {recording.stub: recording for recording in self.recordings}
        for stub, names in images_of(self.folder).items():
            entry, recording = self._ledger.entries.get(stub), recordings.get(stub)
            if entry and (self._is_replaced(entry, recording) if recording else self._ledger.is_gone(entry)):
                yield from names

    def _convert(self, recording: Recording) -> LedgerEntry:
        entry = self._ledger.entries.get(recording.stub)
        if entry and self._is_complete(entry) and self._is_unread(entry, recording):
            return self._refresh(entry, recording, entry.content)
        try:
            content = hash_file(recording.path)
        except OSError as error:
            return self._ledger.describe(recording, "").with_problem(reason(error))
        if entry and self._is_complete(entry) and _is_same(entry, recording, content):
            if not entry.content:
                self.assumed.append(recording.name)
            return self._refresh(entry, recording, content)
        if not self._present.get(recording.stub) and (old := self._gone.pop(content, None)):
            return self._rename(old, recording)
        if entry and not _is_same(entry, recording, content):
            self.replaced.append(recording.name)
        return self._make(recording, content)

    def _describe(self, recording: Recording, content: str) -> LedgerEntry:
        """Return an entry for a recording of which nothing has been made yet."""
        return attrs.evolve(self._ledger.describe(recording, content), events=self._events_key(recording.stub))

    def _events_key(self, stub: str) -> str:
        """Return a hash of the events in a recording, "" where it is not cut around events."""
        if self.events is None:
            return ""
        return digest(sorted([event.begin, event.end] for event in self.events.get(stub, ())))

    def _is_complete(self, entry: LedgerEntry) -> bool:
        """Say whether all images of an entry are there; earlier versions gave up recordings that are read today."""
        if (entry.problem and not entry.content) or entry.events != self._events_key(entry.stub):
            return False
        return entry.done and entry.images == len(self._present.get(entry.stub, ()))

    def _is_unread(self, entry: LedgerEntry, recording: Recording) -> bool:
        """Say whether a recording need not be read, because the file system shows that it is what it was."""
        return not self.check and bool(entry.content) and entry.stamp == recording.stamp and recording.stamp.decides

    def _is_replaced(self, entry: LedgerEntry, recording: Recording) -> bool:
        """Say whether a recording that cannot be used is another than the one of which there are images."""
        if not recording.problem or not entry.content:
            return False
        try:
            return hash_file(recording.path) != entry.content
        except OSError:
            return False

    def _refresh(self, entry: LedgerEntry, recording: Recording, content: str) -> LedgerEntry:
        """Return an entry with what is known about its recording now."""
        described = self._describe(recording, content)
        current = attrs.evolve(
            described, images=entry.images, silent=entry.silent, rest=entry.rest, problem=entry.problem, done=True
        )
        if current != entry:
            self._ledger.add(current)
        return current

    def _rename(self, old: LedgerEntry, recording: Recording) -> LedgerEntry:
        """Name the images of a recording as it is named now."""
        make_folder((self.folder / recording.name).parent)
        try:
            for name in self._present[old.stub]:
                new_name = recording.stub + name.removeprefix(old.stub)
                (self.folder / name).replace(self.folder / new_name)
                self.new_image_names[name] = new_name
        except OSError as error:
            raise CoveyError(f"The images of {old.name} cannot be renamed: {reason(error)}.") from error
        self.renamed.append((old.name, recording.name))
        return self._refresh(old, recording, old.content)

    def _make(self, recording: Recording, content: str) -> LedgerEntry:
        """Make the images of one recording; older ones of it that it no longer has are removed."""
        entry = self._describe(recording, content)
        self._ledger.add(entry)
        tally = Tally()
        written: set[str] = set()
        with np.errstate(all="ignore"):
            try:
                for name in self._write_images(recording, tally):
                    written.add(name)
            except BrokenRecording as error:
                tally.problems.append(str(error))
            except CoveyError as error:
                if not isinstance(error.__cause__, OSError) or error.__cause__.errno in _FATAL:
                    raise
                tally.problems.append(f"its images cannot be written: {reason(error.__cause__)}")
                tally.finished = False
        for name in set(self._present.get(recording.stub, ())) - written:
            with suppress(OSError):
                (self.folder / name).unlink()
        entry = attrs.evolve(
            entry,
            images=len(written),
            silent=tally.silent,
            rest=tally.rest,
            problem="; ".join(tally.all_problems(self.recipe, bool(written))),
            done=tally.finished,
        )
        self._ledger.add(entry)
        self.new.append(entry)
        return entry

    def _write_images(self, recording: Recording, tally: Tally) -> Iterator[str]:
        """Write the images of one recording, and yield their names."""
        recipe = self.recipe
        make_folder((self.folder / recording.name).parent)
        decoder = Decoder(
            path=recording.path, rate=recipe.rate, filtered=recipe.band == "common", channel=recipe.channel
        )
        cutter = SegmentCutter(recipe, None if self.events is None else self.events[recording.stub])
        for segment in choose_segments(tally.audible(cutter.cut(decoder.blocks()), recipe), recipe):
            name = image_name(recording.stub, segment.start)
            with replace_file(self.folder / name, durable=False) as file:
                file.write(png.encode(recipe.pixels(segment.samples)))
            yield name
        tally.rest = cutter.rest
        tally.problems += filter(None, [decoder.problem])
        tally.problems += [f"events {reason}: {count}" for reason, count in cutter.left_out.items()]


@attrs.define
class Tally:
    """Counts the segments of one recording as they pass; `finished` says whether its images could be written."""

    segments: int = 0
    silent: int = 0
    odd: int = 0
    rest: float = 0.0
    finished: bool = True
    problems: list[str] = attrs.field(factory=list)

    def audible(self, segments: Iterable[Segment], recipe: Recipe) -> Iterator[Segment]:
        """Yield the segments that are loud enough and hold nothing but sound."""
        for segment in segments:
            self.segments += 1
            if not segment.level < LOUDEST:
                self.odd += 1
            elif segment.level > recipe.silence:
                yield segment
            else:
                self.silent += 1

    def all_problems(self, recipe: Recipe, has_images: bool) -> Iterator[str]:
        """Yield why a recording has no images, or not all."""
        yield from self.problems
        if self.odd:
            yield f"it holds values that are no numbers: {self.odd} of {self.segments} segments"
        if has_images or self.odd:
            return
        if self.segments:
            yield f"it is silent: no segment is above {recipe.silence:g} dB of full scale"
        elif not self.problems or self.rest:
            yield f"it is shorter than a segment of {recipe.segment:g} s"


def _is_same(entry: LedgerEntry, recording: Recording, content: str) -> bool:
    """Say whether a recording is the one of an entry; without a hash, size and time must do."""
    if entry.content:
        return entry.content == content
    return (entry.bytes, entry.time) == (recording.stamp.bytes, recording.stamp.time)


def _remove_images(folder: Path, names: Iterable[str]) -> None:
    try:
        for name in names:
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise CoveyError(f"Images in {folder} cannot be removed: {reason(error)}.") from error
