"""Which row of a metadata table belongs to which image."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

import attrs

from covey._base.balance import Balance
from covey.data.path_index import PathIndex, find_conflicting_paths
from covey.data.recording_index import RecordingIndex
from covey.data.segment_names import SegmentName, recordings_of_images, xeno_canto_number

Way = Literal["name", "stub", "id"]
"""How a row is found: by the name of its image, by its recording, or by its number at xeno-canto."""
WAYS: tuple[Way, ...] = ("name", "stub", "id")
NO_IDENTIFIER = "without a name or number"
UNKNOWN = "of no image"
AMBIGUOUS = "that fit several recordings or images"
REPEATED = "that repeat another row"
_NUMBER = re.compile(r"\s*(?:XC)?\s*0*(\d+)(?:\.0*)?\s*", re.IGNORECASE)
"""A number at xeno-canto, also as pandas writes it where one is missing: 144251.0."""


@attrs.frozen
class Identifier:
    """What one cell says of the image or recording that its row belongs to."""

    row: int
    way: Way
    text: str


@attrs.frozen(eq=False)
class MetadataJoin:
    """The row of each image that has one, and what became of the rows."""

    rows_by_image: Mapping[str, int]
    balance: Balance


def join_rows(
    identifiers: Iterable[Identifier], count: int, names: Sequence[str], segments: Mapping[str, SegmentName]
) -> MetadataJoin:
    """Find the row of each image.

    A row that may belong to several recordings belongs to none. Of rows for the same image the first one counts.

    Args:
        identifiers: of all rows.
        count: the number of rows.
        names: all images of the dataset.
        segments: the recordings of images whose clips tell them; of others their names do.
    """
    targets = _Targets(names, segments)
    ordered = sorted(identifiers, key=lambda each: (WAYS.index(each.way), each.row))
    candidates_by_text = {(each.way, each.text): targets.find(each) for each in ordered}
    conflicts = _conflicting_texts(candidates_by_text)
    rows_by_target: dict[tuple[Way, str], int] = {}
    reasons: dict[int, tuple[str, str]] = {}
    for each in ordered:
        candidates = candidates_by_text[each.way, each.text]
        reason = _reason(each, candidates, conflicts)
        if reason[0] == REPEATED:  # this counts only if no image gets the row
            rows_by_target.setdefault(candidates[0], each.row)
        reasons[each.row] = max(reasons.get(each.row, reason), reason, key=_weight)
    rows_by_image = {name: row for name in names if (row := _row_of(name, targets, rows_by_target)) is not None}
    return MetadataJoin(rows_by_image, _balance(set(rows_by_image.values()), reasons, count))


def _reason(identifier: Identifier, candidates: Sequence[tuple[Way, str]], conflicts: set[str]) -> tuple[str, str]:
    """Return why a row is not used, and what to call it; one that belongs to one image or recording may be repeated."""
    if identifier.text in conflicts or len(candidates) > 1:
        return AMBIGUOUS, f"{identifier.text}: {' or '.join(name for _, name in candidates)}"
    return (REPEATED, f"{identifier.text}, row {identifier.row + 1}") if candidates else (UNKNOWN, identifier.text)


def _conflicting_texts(candidates_by_text: Mapping[tuple[Way, str], Sequence[tuple[Way, str]]]) -> set[str]:
    """Return the paths of which several, in different folders, seem to be one image or recording: one at most is it."""
    return find_conflicting_paths(
        (text, candidates[0])
        for (_, text), candidates in candidates_by_text.items()
        if len(candidates) == 1 and not xeno_canto_number(candidates[0][1])
    )


def _weight(reason: tuple[str, str]) -> int:
    return (UNKNOWN, AMBIGUOUS, REPEATED).index(reason[0])


def _balance(used: set[int], reasons: Mapping[int, tuple[str, str]], count: int) -> Balance:
    balance = Balance("row", used=len(used))
    for row in range(count):
        if row not in used:
            balance.leave_out(*reasons.get(row, (NO_IDENTIFIER, f"row {row + 1}")))
    return balance


class _Targets:
    """What identifiers may mean: images, recordings, numbers."""

    def __init__(self, names: Sequence[str], segments: Mapping[str, SegmentName]) -> None:
        self.names = set(names)
        self.images = PathIndex.of(names)
        recording_of_clip = {name: segment.recording for name, segment in segments.items()}
        self.recording_of = {**recordings_of_images(names), **recording_of_clip}
        self.recordings = RecordingIndex.of_recordings(self.recording_of.values())
        self.numbers = {number for name in names if (number := xeno_canto_number(name))}

    def find(self, identifier: Identifier) -> list[tuple[Way, str]]:
        """Return the images, the recordings or the number that an identifier may mean."""
        find: Mapping[Way, Callable[[str], list[tuple[Way, str]]]] = {
            "name": self._find_image, "stub": self._find_recording, "id": self._find_number,
        }  # fmt: skip
        return find[identifier.way](identifier.text)

    def _find_image(self, text: str) -> list[tuple[Way, str]]:
        images = [text] if text in self.names else self.images.find(text)
        return [("name", image) for image in images] or self._find_recording(text)

    def _find_recording(self, text: str) -> list[tuple[Way, str]]:
        return [("stub", recording) for recording in self.recordings.find(text)]

    def _find_number(self, text: str) -> list[tuple[Way, str]]:
        match = _NUMBER.fullmatch(text)
        return [("id", match[1])] if match and match[1] in self.numbers else []


def _row_of(name: str, targets: _Targets, rows_by_target: Mapping[tuple[Way, str], int]) -> int | None:
    recording, number = targets.recording_of.get(name, ""), xeno_canto_number(name) or ""
    keys: list[tuple[Way, str]] = [("name", name), ("stub", recording), ("id", number)]
    return next((rows_by_target[key] for key in keys if key in rows_by_target), None)
