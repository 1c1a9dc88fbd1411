"""The clips of all images of a dataset, as columns in its catalogue."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import attrs
import numpy as np

from covey._base.digests import digest
from covey.data.catalogue.clip_finder import NO_CLIP, ClipFinder, ImageClip
from covey.data.catalogue.image_rows import LAYOUT as IMAGES
from covey.data.catalogue.image_rows import NO_CONTENT
from covey.data.catalogue.image_scan import GONE
from covey.data.catalogue.part_store import Change, Columns, PartStore, TableLayout, keep_rows
from covey.data.formats.arrow_columns import TextColumn

LAYOUT = TableLayout(
    name="clips",
    key="name",
    columns=(
        *("name", "recording", "path", "content", "start_s", "duration_s"),
        *("low_hz", "high_hz", "scale", "problem"),
    ),
    dictionary=("recording", "path", "content", "scale", "problem"),
)
_FINGERPRINT = "clips"
_SUMMARY = "clip summary"
_PORTION = 1 << 16


@attrs.frozen
class ClipSummary:
    """How many images show a clip, of how many recordings, and why the others have no sound, with their number."""

    images: int = 0
    recordings: int = 0
    problems: Mapping[str, int] = attrs.field(factory=dict)


def refresh_clips(change: Change, finder: ClipFinder) -> ClipSummary:
    """Bring the clips up to date with the images in a catalogue, and return a summary of those that are there.

    Raises:
        CoveyError: the catalogue cannot be written.
        DamagedStoreError: it cannot be read.
    """
    note = _parse_summary(change.manifest.notes.get(_SUMMARY, ""))
    if note and note[0] == _state(change, finder):
        return note[1]
    _add_clips(change, finder)
    change.finish()
    summary = summarize_clips(change.store)
    change.note(_SUMMARY, json.dumps([_state(change, finder), *attrs.astuple(summary)]))
    return summary


def _state(change: Change, finder: ClipFinder) -> str:
    """Return a hash of all that a summary follows from."""
    parts = [change.manifest.tables.get(layout.name, ()) for layout in (IMAGES, LAYOUT)]
    return digest([finder.fingerprint, [[part.file for part in table] for table in parts]])


def _parse_summary(text: str) -> tuple[str, ClipSummary] | None:
    try:
        state, *summary = json.loads(text)
        return str(state), ClipSummary(*summary)
    except (ValueError, TypeError):  # there is none yet
        return None


def _add_clips(change: Change, finder: ClipFinder) -> None:
    """Add the clips of new images; those of all images where what clips follow from is new."""
    images = change.store.read(IMAGES, ["name", "bytes"])
    if not images:
        return
    names = _text(images, "name").keep(np.asarray(images["bytes"]) != GONE)
    is_new = change.manifest.notes.get(_FINGERPRINT) != finder.fingerprint
    earlier = change.store.read(LAYOUT, ["name"]) if not is_new else {}
    if earlier:
        names = names.keep(~_text(earlier, "name").has(names))
    for start in range(0, len(names), _PORTION):
        portion = names.take(np.arange(start, min(start + _PORTION, len(names)))).texts()
        columns = _as_columns(portion, finder)
        (change.replace if is_new and not start else change.append)(LAYOUT, columns)
    change.note(_FINGERPRINT, finder.fingerprint)


def summarize_clips(store: PartStore) -> ClipSummary:
    """Return a summary of the clips of the images that are there. Raises DamagedStoreError."""
    images = store.read(IMAGES, ["name", "bytes"])
    clips = store.read(LAYOUT, ["name", "recording", "path", "problem"])
    if not images or not clips:
        return ClipSummary()
    present = _text(images, "name").keep(np.asarray(images["bytes"]) != GONE)
    if len(present) != len(_text(clips, "name")):
        clips = keep_rows(clips, present.has(_text(clips, "name")))
    with_sound = keep_rows(clips, ~_text(clips, "path").equals(""))
    problems = _text(keep_rows(clips, ~_text(clips, "problem").equals("")), "problem").count()
    return ClipSummary(len(_text(with_sound, "path")), _text(with_sound, "path").count_distinct(), problems)


def _text(columns: Columns, name: str) -> TextColumn:
    column = columns[name]
    assert isinstance(column, TextColumn)
    return column


def _as_columns(names: Sequence[str], finder: ClipFinder) -> Columns:
    clips = finder.find(names)
    none = {name: ImageClip("", 0, 0, problem=NO_CLIP) for name in names if name not in clips}
    rows = [clips.get(name) or none[name] for name in names]
    axes = finder.axes
    return {
        "name": TextColumn.of(list(names)),
        **{
            column: TextColumn.of([getattr(row, column) for row in rows]) for column in ("recording", "path", "problem")
        },
        "content": np.frombuffer(b"".join(bytes.fromhex(row.content) or NO_CONTENT for row in rows), "V32"),
        "start_s": np.array([row.start_s for row in rows]),
        "duration_s": np.array([row.duration_s for row in rows]),
        "low_hz": np.full(len(rows), axes.low_hz, np.float32),
        "high_hz": np.full(len(rows), axes.high_hz, np.float32),
        "scale": TextColumn.of([axes.scale] * len(rows)),
    }
