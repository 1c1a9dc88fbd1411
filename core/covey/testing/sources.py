"""Checks of the contract of sources."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping

from covey.components.source_contract import FoundRecording, RecordingDownload, Resume, Source
from covey.testing.assertions import expect, observe, raises_covey_error
from covey.testing.checks import list_checks, run_checks
from covey.testing.component_checks import ComponentChecks


def check_source(
    cls: type[Source],
    /,
    *,
    query: str = "",
    expected_failures: Mapping[str, str] | None = None,
    **settings: object,
) -> None:
    """Check a source with these options.

    Args:
        cls: the source class.
        query: finds at least one recording, and few and small ones: all are fetched.
        expected_failures: reasons by the names of checks that are expected to fail.
        settings: options of the source.

    Raises:
        AssertionError: it breaks the contract.
    """
    run_checks(list_checks(SourceChecks(cls, settings, query), expected_failures or {}))


class SourceChecks(ComponentChecks[Source]):
    """Checks a source with the recordings that one query finds."""

    def __init__(self, cls: type[Source], settings: Mapping[str, object], query: str = "") -> None:
        super().__init__(cls, settings)
        self.query = query

    def check_recordings(self) -> None:
        """A query yields recordings one by one, each with an id of its own and a name."""
        iterator = self.component.find(self.query)
        is_iterator = isinstance(iterator, Iterator)
        expect(is_iterator, f"{self.name}: find must return an iterator, not {type(iterator).__name__}")
        recordings = list(iterator)
        wrong = [recording for recording in recordings if not isinstance(recording, FoundRecording)]
        expect(not wrong, f"{self.name}: find must yield FoundRecording, not {wrong[:1]}")
        ids = [recording.id for recording in recordings]
        expect(bool(ids), f"{self.name}: the query {self.query!r} finds nothing: check with one that finds recordings")
        has_texts = all(recording.id and recording.name for recording in recordings)
        expect(has_texts, f"{self.name}: every recording needs an id and a name")
        expect(len(set(ids)) == len(ids), f"{self.name}: no two recordings may have the same id")
        pattern = self.component.id_pattern
        unfit = [text for text in ids if not re.fullmatch(pattern, text)]
        expect(not unfit, f"{self.name}: the id {unfit[:1]} does not match id_pattern, {pattern}")

    def check_repetition(self) -> None:
        """The same query finds the same recordings in the same order."""
        first, second = (list(self.component.find(self.query)) for _ in range(2))
        expect(first == second, f"{self.name}: the same query must find the same recordings in the same order")

    def check_bytes(self) -> None:
        """The bytes of a recording are those that its size and hash say, each time."""
        for recording in self.component.find(self.query):
            download, content = self._open(recording)
            expect(download.offset == 0, f"{self.name}: {recording.id!r} must begin at offset 0 if nothing is there")
            expect(bool(content), f"{self.name}: {recording.id!r} has no bytes")
            is_repeated = content == self._open(recording)[1]
            expect(is_repeated, f"{self.name}: {recording.id!r} has other bytes the second time")
            for said, size in (("find", recording.bytes), ("open", download.size)):
                message = f"{recording.id!r} has {len(content):,} bytes, but {said} says {size or 0:,}"
                expect(size in (None, len(content)), f"{self.name}: {message}")
            if recording.sha256:
                is_equal = hashlib.sha256(content).hexdigest() == recording.sha256
                expect(is_equal, f"{self.name}: {recording.id!r} has another SHA-256 than find says")

    def check_resume(self) -> None:
        """A recording can be taken up where an earlier attempt stopped; one whose version is another begins anew."""
        for recording in self.component.find(self.query):
            download, content = self._open(recording)
            for offset in (max(len(content) // 2, 1), len(content)):
                message = (
                    f"with {offset:,} bytes there, open must give the bytes of {recording.id!r} from its offset on"
                )
                resumed, rest = self._open(recording, Resume(offset, download.version))
                is_right = 0 <= resumed.offset <= offset and content[resumed.offset :] == rest
                expect(is_right, f"{self.name}: {message}")
            outdated, whole = self._open(recording, Resume(1, "another version"))
            message = f"with bytes of another version there, open must start {recording.id!r} over, at offset 0"
            expect(outdated.offset == 0 and whole == content, f"{self.name}: {message}")

    def check_unknown_recording(self) -> None:
        """Opening a recording that the source does not have raises CoveyError, whatever its id says."""
        for unknown in ("no such recording", "../../../../../../../../etc/passwd"):
            message = f"{self.name}: opening a recording that there is not must raise CoveyError"
            with raises_covey_error(message):
                self._open(FoundRecording(id=unknown, name="unknown.wav"))

    def check_side_effects(self) -> None:
        """It prints nothing and writes no files: covey stores what it yields."""
        recordings = list(self.component.find(self.query))
        observation = observe(lambda: [self._open(recording) for recording in recordings[:1]])
        printed_text = observation.printed_text.strip()
        expect(not printed_text, f"{self.name}: nothing may be printed to standard output, not {printed_text[:80]!r}")
        expect(not observation.stray_files, f"{self.name}: no files may be written, not {observation.stray_files[:1]}")

    def _open(self, recording: FoundRecording, resume: Resume | None = None) -> tuple[RecordingDownload, bytes]:
        """Return the download of a recording, and its bytes."""
        download = self.component.open(recording, resume)
        message = f"{self.name}: open must return a RecordingDownload, not {type(download).__name__}"
        expect(isinstance(download, RecordingDownload), message)
        return download, b"".join(download.blocks)
