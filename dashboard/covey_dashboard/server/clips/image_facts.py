"""What is known of one image: its recording, when in it, why it has no sound, and its metadata."""

from __future__ import annotations

import math
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from covey import CoveyError
from covey.frontend import Dataset, ImageAxes, Metadata, read_header
from covey_dashboard.server.clips import surroundings
from covey_dashboard.server.recording_audio import (
    NO_FOLDER,
    UNREADABLE,
    Recordings,
    asked_recordings,
    problem,
    recordings_address,
)
from covey_dashboard.server.thumbnails import HEADERS

TITLES = {
    "gen": "genus",
    "sp": "species",
    "ssp": "subspecies",
    "en": "English name",
    "rec": "recordist",
    "cnt": "country",
    "loc": "place",
    "lat": "latitude",
    "lng": "longitude",
    "lon": "longitude",
    "alt": "altitude (m)",
    "q": "quality",
    "lic": "licence",
    "rmk": "remarks",
    "smp": "sampling rate (Hz)",
}
"""What columns are called that xeno-canto names in a few letters."""
_OF_CLIPS = {"recording", "file_name_stub", "start"}
"""Columns that say what the clip says."""

_PLACE = "/covey/facts"
_metadata_readers: dict[str, Callable[[], Metadata]] = {}


def address(dataset: Dataset, read_metadata: Callable[[], Metadata]) -> str:
    """Return the address of what is known of an image, as JSON: used like `recording_audio.address`.

    Args:
        dataset: whose image it is.
        read_metadata: returns the metadata of that dataset; called when somebody looks at an image.
    """
    _metadata_readers[dataset.location] = read_metadata
    return recordings_address(_PLACE, dataset)


def pack_axes(axes: ImageAxes) -> dict[str, float | str]:
    """Return rows and columns of images as the browser takes them."""
    return {
        "scale": axes.scale,
        "low": axes.low_hz,
        "high": axes.high_hz,
        "rows": axes.rows,
        "first": axes.first_column_s,
        "step": axes.column_step_s,
    }


def describe_image(recordings: Recordings, name: str) -> dict[str, object]:
    """Return what is known of an image: `problem` says why there is no sound, `whole` is the recording's length."""
    clip = recordings.find_clip(name)
    return {
        "recording": clip.recording if clip else "",
        "start": clip.start_s if clip else None,
        "duration": clip.duration_s if clip else 0,
        "metadata": list_metadata(recordings, name),
        **describe_sound(recordings, name),
    }


def describe_sound(recordings: Recordings, name: str) -> dict[str, object]:
    """Return what is known of the sound of an image; `problem` says why there is none."""
    general_problem = problem(recordings.dataset)
    silence = {"problem": recordings.explain(name), "rate": 0, "whole": 0, "axes": None}
    if general_problem and general_problem != NO_FOLDER:
        return {**silence, "problem": general_problem}
    try:
        stretch = recordings.find_stretch(name)
        header = read_header(stretch.path) if stretch else None
    except UNREADABLE:
        header = None
    if header is None:
        return {**silence, "problem": general_problem or silence["problem"]}
    axes = pack_axes(surroundings.axes_of(recordings, header.rate))
    return {"problem": "", "rate": header.rate, "whole": header.seconds or 0, "axes": axes}


def list_metadata(recordings: Recordings, name: str) -> list[tuple[str, str]]:
    """Return what the metadata say of an image, column by column, without what they do not say."""
    try:
        metadata = _metadata_readers.get(recordings.location, Metadata)()
    except CoveyError:
        return []
    shown = metadata.columns.keys() - _OF_CLIPS
    columns = {head: values[0] for head, values in metadata.of([name]).items() if head in shown}
    return [(TITLES.get(head, head), _as_text(cell)) for head, cell in columns.items() if cell not in (None, "")]


def _as_text(cell: object) -> str:
    if isinstance(cell, float) and math.isfinite(cell):
        return f"{cell:.6g}"
    return str(cell)


def _answer(request: Request) -> Response:
    recordings, name = asked_recordings(request)
    if recordings is None:
        return Response(status_code=404)
    return JSONResponse(describe_image(recordings, name), headers=HEADERS)


ROUTES = (Route(_PLACE, _answer),)
