"""Recordings of a source are fetched into a dataset: resumed, verified, named by their ids, and credited."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import attrs

from covey._base.announced_waits import wait, waits_announced
from covey._base.balance import Balance
from covey._base.errors import CoveyError, in_terminal, reason
from covey._base.files import WORK, make_folder, refuse_links
from covey._base.progress import SILENT, Progress, Step
from covey._base.run_lock import hold_run_lock
from covey._base.run_log import LOGGER
from covey._base.text import count_noun, escape_undecodable, preview
from covey.components.guard import guard_call
from covey.components.source_contract import FoundRecording, Interrupted, Source, StopFetching
from covey.data.credits import FETCHED, LICENCE, PAGE, RECORDIST
from covey.data.legacy.file_names import DOWNLOADED_RECORDINGS
from covey.data.licences import read_licence
from covey.data.outside_paths import refuse_outside_folders
from covey.sound.decoder import BrokenRecording
from covey.sound.spectrograms import Recipe
from covey.sources.check_recording import SUFFIXES, CheckedRecording, check_recording
from covey.sources.fetched_table import BYTES, CONTENT, SOURCE, STUB, FetchedTable, Row
from covey.sources.partial_file import PartialFile
from covey.sources.recording_names import Layout, name_recording

RECORDINGS = "recordings"
TRIES = 8
"""How often a recording is taken up without any progress."""
_PROGRESS = 1 << 16
"""Bytes after which a connection that is cut again counts as progress."""
_LONGEST_CELL = 32_000
"""Characters; spreadsheets take no more."""
_LONGEST_WAIT_S = 60.0
_LENGTH_TOLERANCE_S = 2.0
_FULL_ATTEMPTS = 2
"""How often a recording that cannot be decoded is fetched from its beginning."""


@attrs.define
class FetchReport:
    """What became of the recordings that were to be fetched.

    Attributes:
        folder: where they lie.
        balance: of all recordings: those that are there now, and the others by reason.
        paths: of the recordings that are there, by id.
        adopted: ids of those that were there and of which the table knew nothing.
        relicensed: ids of those whose licence was another one when they were fetched.
        set_aside: new names of files that lay in the place of a recording and were none, or another one.
        fetched: how many of them this run has fetched.
        bytes: how many bytes these have.
        stopped: why nothing more could be fetched; "" if everything was tried.
        interrupted: whether a person stopped it.
    """

    folder: Path
    balance: Balance = attrs.field(factory=lambda: Balance("recording"))
    paths: dict[str, Path] = attrs.field(factory=dict)
    adopted: list[str] = attrs.field(factory=list)
    relicensed: list[str] = attrs.field(factory=list)
    set_aside: list[str] = attrs.field(factory=list)
    fetched: int = 0
    bytes: int = 0
    stopped: str = ""
    interrupted: bool = False

    def describe(self, verbose: bool = False) -> Iterator[str]:
        """Yield the balance, and how much of it is new."""
        yield self.balance.describe(verbose).replace(" used", " there", 1)
        yield f"{count_noun(self.fetched, 'recording')} fetched now, {self.bytes / 1e6:,.1f} MB, into {self.folder}."
        if self.adopted:
            yield f"Not fetched by covey, and taken as they are: {preview(self.adopted)}."
        if self.set_aside:
            yield f"Files that were not these recordings are kept under other names: {preview(self.set_aside)}."
        if self.relicensed:
            yield (
                f"Fetched under another licence than the source names now: {preview(self.relicensed)}."
                " metadata.csv keeps that of the day of fetching."
            )


def fetch_recordings(
    source: Source,
    recordings: Sequence[FoundRecording],
    dataset: Path,
    layout: Layout = "covey",
    progress: Progress = SILENT,
) -> FetchReport:
    """Fetch recordings into a dataset, each with a row in its `metadata.csv`. What is there already stays as it is.

    A process may end at any moment: the next one takes up what there is, and ends with the same files.

    Args:
        source: where they were found.
        recordings: each once.
        dataset: its folder.
        layout: how folder and files are named.
        progress: shows the steps and notes.

    Raises:
        CoveyError: another process fetches into it, or it cannot be written.
    """
    if missing := Recipe.missing():
        command = f'pip install "{missing[0]}"'
        raise CoveyError(f"Recordings cannot be checked without sound libraries: {in_terminal(command)}.")
    with _open_folder(dataset, DOWNLOADED_RECORDINGS if layout == "original" else RECORDINGS) as folder:
        table = FetchedTable(dataset)
        table.write()
        report = FetchReport(folder)
        fetcher = _Fetcher(source, folder, dataset / WORK / "fetching", table, report)
        try:
            with progress.step("Fetching", len(recordings), "recording") as step, waits_announced(step.say):
                for recording in recordings:
                    fetcher.fetch(recording, name_recording(source, recording, layout), step)
                    step.advance()
        except StopFetching as error:
            report.stopped = str(error)
        except KeyboardInterrupt:
            report.interrupted = True
        try:
            table.write()
        except CoveyError as error:
            report.stopped = report.stopped or str(error)
        for recording in recordings[report.balance.total :]:
            report.balance.leave_out("not yet fetched", escape_undecodable(recording.id))
    return report


@contextmanager
def _open_folder(dataset: Path, name: str) -> Iterator[Path]:
    """Make the folder for recordings, and keep other processes from fetching into the dataset."""
    make_folder(dataset)
    refuse_links(dataset / WORK)
    make_folder(dataset / WORK / "fetching")
    with hold_run_lock(dataset / WORK / "fetch.lock"):
        folder = make_folder(dataset / name)
        refuse_outside_folders(folder, dataset)
        yield folder


@attrs.frozen
class _Fetcher:
    """Fetches one recording after another."""

    source: Source
    folder: Path
    parts: Path
    table: FetchedTable
    report: FetchReport

    def fetch(self, recording: FoundRecording, stub: str, step: Step) -> None:
        """Fetch a recording unless it is there, and write down what became of it."""
        step.say(stub)
        try:
            path = self._find(recording, stub) or self._fetch_new(recording, stub)
            row = self.table.rows.get(stub)
            if row is None:
                self._adopt(recording, stub, path)
            elif recording.licence and read_licence(row.get(LICENCE, "")) != read_licence(recording.licence):
                self.report.relicensed.append(escape_undecodable(recording.id))
        except StopFetching:
            raise
        except CoveyError as error:
            LOGGER.info("%s: %s", stub, escape_undecodable(str(error)))
            self.report.balance.leave_out(f"not fetched: {str(error).rstrip('.')}", escape_undecodable(recording.id))
            return
        self.report.balance.used += 1
        self.report.paths[recording.id] = path

    def _find(self, recording: FoundRecording, stub: str) -> Path | None:
        """Return the whole recording of this name that is there; a file that is not gets another name."""
        paths = [self.folder / f"{stub}{suffix}" for suffix in dict.fromkeys(SUFFIXES.values())]
        if folder := next((path for path in paths if path.is_dir()), None):
            raise CoveyError(f"a folder lies in its place ({folder.name})")
        path = next((path for path in paths if path.is_file()), None)
        row = self.table.rows.get(stub)
        if path is None or (row and row.get(BYTES) == str(path.stat().st_size)):
            return path
        try:
            checked = check_recording(path)
        except (BrokenRecording, OSError):
            if row is None:  # one of ours that is broken was cut off: nobody wants it
                self._set_aside(path)
            return None
        if row.get(CONTENT) == checked.content if row else _may_be(recording, checked, path.stat().st_size):
            return path
        self._set_aside(path)
        return None

    def _set_aside(self, path: Path) -> None:
        """Give a file that is not the recording another name: a person may have made it."""
        names = (f"{path.name}.old{number or ''}" for number in count())
        new_path = next(new_path for name in names if not (new_path := path.with_name(name)).exists())
        try:
            path.rename(new_path)
        except OSError as error:
            raise CoveyError(f"{path.name} is another file and cannot be renamed: {reason(error)}") from error
        self.report.set_aside.append(new_path.name)

    def _fetch_new(self, recording: FoundRecording, stub: str) -> Path:
        part = PartialFile(self.parts, stub)
        checked = self._download_whole(recording, part)
        path = self.folder / f"{stub}{checked.suffix}"
        size = part.size
        part.finish(path)
        self.table.add(self._describe(recording, stub, checked, size))
        self.report.fetched += 1
        self.report.bytes += size
        return path

    def _adopt(self, recording: FoundRecording, stub: str, path: Path) -> None:
        """Write the row of a recording that lies there without one: a process ended before, or another one got it."""
        try:
            self.table.add(self._describe(recording, stub, check_recording(path), path.stat().st_size))
            self.report.adopted.append(escape_undecodable(recording.id))
        except (BrokenRecording, OSError) as error:
            raise CoveyError(f"it cannot be read: {reason(error)}") from error

    def _download_whole(self, recording: FoundRecording, part: PartialFile) -> CheckedRecording:
        """Fetch a recording until it can be decoded to its end and has the hash that the source says."""
        problem = ""
        for _ in range(_FULL_ATTEMPTS):
            self._download(recording, part)
            try:
                checked = check_recording(part.path)
            except BrokenRecording as error:
                problem = str(error).partition(":")[0]
            except OSError as error:
                raise StopFetching(f"{part.path} cannot be read: {reason(error)}.") from error
            else:
                if recording.sha256.lower() in ("", checked.content):
                    return checked
                problem = "it is not what the source says: another SHA-256"
            part.clear()
        raise CoveyError(problem)

    def _download(self, recording: FoundRecording, part: PartialFile) -> None:
        """Fetch a recording, and take it up again where the connection was cut."""
        failures = 0
        while True:
            size_before = part.size
            try:
                self._receive(recording, part)
                return
            except Interrupted as error:
                failures = 0 if part.size - size_before >= _PROGRESS else failures + 1
                if failures >= TRIES:
                    raise CoveyError(f"cut off {TRIES} times") from error
                wait(min(_LONGEST_WAIT_S, error.wait_s * 2 ** max(failures - 1, 0)), str(error))

    def _receive(self, recording: FoundRecording, part: PartialFile) -> None:
        with guard_call(self.source.name, type(self.source).__module__, "open"):
            download = self.source.open(recording, part.read_resume())
            try:
                part.receive(download)
            except (Interrupted, StopFetching):
                raise
            except CoveyError:  # too large, say: what there is of it is of no use
                part.discard()
                raise
        if download.size is not None and part.size != download.size:
            if part.size > download.size:
                part.clear()
            raise Interrupted(f"{part.size:,} of {download.size:,} bytes came", 0.0)

    def _describe(self, recording: FoundRecording, stub: str, checked: CheckedRecording, size: int) -> Row:
        """Return the row of a recording; what all sources share has the names that xeno-canto gives it."""
        shared = {
            "full_spec_name": recording.species,
            RECORDIST: recording.recordist,
            LICENCE: recording.licence,
            "cnt": "",
            "length": f"{round(checked.seconds) // 60}:{round(checked.seconds) % 60:02}",
            "smp": str(checked.rate),
            PAGE: recording.url,
        }
        today = datetime.now(UTC).date().isoformat()
        own = {STUB: stub, SOURCE: self.source.name, BYTES: str(size), CONTENT: checked.content, FETCHED: today}
        row = {STUB: stub, **shared, **recording.metadata, **own}
        return {_as_cell(head): _as_cell(cell) for head, cell in row.items()}


def _may_be(recording: FoundRecording, checked: CheckedRecording, size: int) -> bool:
    """Return whether a file agrees with what the source says of a recording, which gives whole seconds at best."""
    seconds = recording.duration_s
    has_length = seconds is None or abs(seconds - checked.seconds) <= _LENGTH_TOLERANCE_S
    return has_length and recording.sha256.lower() in ("", checked.content) and recording.bytes in (None, size)


def _as_cell(text: str) -> str:
    """Return a text of a source as every program can read it in a table."""
    return escape_undecodable(str(text)).replace("\0", "")[:_LONGEST_CELL]
