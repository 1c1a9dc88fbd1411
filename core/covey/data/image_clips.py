"""The clip of each image that covey made: its recording as the ledger beside the images knows it, start and length."""

from __future__ import annotations

import json
import math
from collections.abc import Collection
from pathlib import Path, PurePosixPath

from covey._base.files import read_text
from covey.data.legacy.file_names import PARAMETERS_FILE
from covey.data.segment_names import parse_segment_names
from covey.labelling.clips import RecordingClip

LEDGER = "_recordings.jsonl"
_UNREADABLE = (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError)


def read_clips(root: Path, names: Collection[str]) -> dict[str, RecordingClip]:
    """Return the clips of those images of the folder `root` whose recording and length are known."""
    segments = parse_segment_names(names)
    duration_ms = _read_duration_ms(root) if segments else 0
    contents = _read_recording_contents(root) if duration_ms else {}
    return {
        name: RecordingClip(contents[segment.recording], round(segment.start * 1000), duration_ms)
        for name, segment in segments.items()
        if contents.get(segment.recording)
    }


def _read_duration_ms(root: Path) -> int:
    """Return the length of the images in milliseconds, 0 if it is not known."""
    try:
        duration_s = float(json.loads(read_text(root / PARAMETERS_FILE))["segment_duration_sec"])
        return round(duration_s * 1000) if 0 < duration_s < 1e6 and math.isfinite(duration_s) else 0
    except _UNREADABLE:
        return 0


def _read_recording_contents(root: Path) -> dict[str, str]:
    """Return the SHA-256 of each recording, by its name without the ending; lines that are torn or odd are left out."""
    contents = {}
    try:
        lines = read_text(root / LEDGER, "replace").splitlines()
    except OSError:
        return {}
    for line in lines:
        try:
            entry = json.loads(line)
            contents[str(PurePosixPath(entry["name"]).with_suffix(""))] = str(entry["content"])
        except _UNREADABLE:
            continue
    return contents
