"""What people have named in fetched recordings, as Raven selection tables, which `covey import raven` reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from covey._base.files import make_folder, write_text
from covey._base.text import escape_undecodable
from covey.components.source_contract import Annotation
from covey.outputs.exchange.selection_tables.audacity_tracks import as_cell
from covey.outputs.exchange.selection_tables.raven_tables import RAVEN
from covey.outputs.exchange.selection_tables.selection_columns import BEGIN, BEGIN_FILE, END, LABEL

_HEADS = ("Selection", "View", "Channel", BEGIN, END, "Low Freq (Hz)", "High Freq (Hz)", BEGIN_FILE, LABEL, "Annotator")


def write_annotation_table(folder: Path, recording: Path, annotations: Sequence[Annotation]) -> Path:
    """Write the annotations of one recording into a table in a folder, and return the table.

    Raises:
        CoveyError: it cannot be written.
    """
    lines = [
        _HEADS,
        *(_describe(number, annotation, recording.name) for number, annotation in enumerate(annotations, 1)),
    ]
    path = make_folder(folder) / f"{recording.stem}{RAVEN}"
    write_text(path, escape_undecodable("".join("\t".join(map(as_cell, line)) + "\n" for line in lines)))
    return path


def _describe(number: int, annotation: Annotation, file_name: str) -> tuple[str, ...]:
    times = (f"{annotation.start_s:.6f}", f"{annotation.end_s:.6f}")
    band = ("" if hertz is None else f"{hertz:.1f}" for hertz in (annotation.low_hz, annotation.high_hz))
    return (str(number), "Spectrogram 1", "1", *times, *band, file_name, annotation.label, annotation.author)
