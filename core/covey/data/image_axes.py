"""Which frequency each row of an image shows, and which time each column."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from covey._base.files import read_text
from covey.data.legacy.file_names import PARAMETERS_FILE

_UNREADABLE = (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError)
_NOTHING = f"nothing tells how the images were made: there is no {PARAMETERS_FILE} beside them"
_INCOMPLETE = f"{PARAMETERS_FILE} beside the images does not tell them"
_DOUBTFUL = f"{PARAMETERS_FILE} beside the images does not tell whether their frequencies are logarithmic"


@attrs.frozen
class ImageAxes:
    """What the rows and columns of the images in a folder show.

    Rows are evenly spaced between the lowest and the highest frequency, on the scale.

    Attributes:
        low_hz: frequency of the lowest row; 0 with an empty scale where frequencies are not known.
        high_hz: frequency of the highest row.
        scale: "linear", "mel" (700 Hz, as of D. O'Shaughnessy 1987) or "log"; "" where frequencies are not known.
        rows: height of the images.
        first_column_s: the middle of the first column, in seconds from the start of the clip.
        column_step_s: from one column to the next; 0 where that is not known.
        problem: why frequencies are not known, "" if they are.
    """

    low_hz: float = 0.0
    high_hz: float = 0.0
    scale: str = ""
    rows: int = 0
    first_column_s: float = 0.0
    column_step_s: float = 0.0
    problem: str = ""


def read_image_axes(folder: Path) -> ImageAxes:
    """Return what the file of parameters beside the images in a folder tells of their rows and columns."""
    try:
        document = json.loads(read_text(folder / PARAMETERS_FILE))
    except FileNotFoundError:
        return ImageAxes(problem=_NOTHING)
    except _UNREADABLE:
        return ImageAxes(problem=_INCOMPLETE)
    return parse_image_axes(document)


def parse_image_axes(document: Mapping[str, Any]) -> ImageAxes:
    """Return the same of a file that has been read; files of the original tools may not tell the scale."""
    try:
        if "specsub" in document and "log_f_min" not in document:
            return attrs.evolve(_parse_columns(document), problem=_DOUBTFUL)
        return _parse_rows(document, _parse_columns(document))
    except _UNREADABLE:
        return ImageAxes(problem=_INCOMPLETE)


def _parse_rows(document: Mapping[str, Any], columns: ImageAxes) -> ImageAxes:
    """Add the frequencies to what is known of the columns."""
    own = document.get("covey", {})
    axes = own.get("axes", {})
    rows_hz = document["frequency_axis"][: int(document["fft_window_size_bins"]) // 2]
    low_hz, high_hz = float(axes.get("f_min", rows_hz[0])), float(axes.get("f_max", rows_hz[-1]))
    scale = str(axes.get("scale") or own.get("options", {}).get("scale", "linear"))
    if not (math.isfinite(low_hz) and math.isfinite(high_hz) and low_hz < high_hz):
        raise ValueError("the frequencies are no numbers")
    return attrs.evolve(columns, low_hz=low_hz, high_hz=high_hz, scale=scale, rows=len(rows_hz))


def _parse_columns(document: Mapping[str, Any]) -> ImageAxes:
    """Return the times of the columns alone, if the file tells them."""
    times_s: Sequence[float] = document.get("time_axis") or []
    if len(times_s) < 2:
        return ImageAxes()
    step_s = (float(times_s[-1]) - float(times_s[0])) / (len(times_s) - 1)
    return ImageAxes(first_column_s=float(times_s[0]), column_step_s=step_s) if step_s > 0 else ImageAxes()
