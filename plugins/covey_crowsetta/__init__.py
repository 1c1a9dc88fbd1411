"""The importer `crowsetta`: annotations in the formats of songbird research that the package crowsetta reads."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from covey import CoveyError, component, hookimpl, option
from covey.authoring import Importer, SelectionImporter, SelectionRow, SelectionTable, reason

FORMATS = ("notmat", "timit", "simple-seq", "generic-seq", "birdsong-recognition-dataset", "yarden")
_BY_ENDING = {
    ".not.mat": "notmat",
    ".mat": "yarden",
    ".phn": "timit",
    ".wrd": "timit",
    ".txt": "simple-seq",
    ".csv": "simple-seq",
    ".xml": "birdsong-recognition-dataset",
}
_IN_SAMPLES = ("timit", "birdsong-recognition-dataset")
_AS_WRITTEN = {"keep_default_na": False, "dtype": {"label": str}}
"""How a CSV file is read so that a class called NA stays one."""
_RECORDED_BY_EVTAF = ".cbin"


@component
class Crowsetta(SelectionImporter):
    """Annotations of songbird research, which become labels of images.

    The formats notmat, timit, simple-seq, generic-seq, birdsong-recognition-dataset and yarden, read by the package
    crowsetta. Segments become labels as with covey import raven.
    """

    name = "crowsetta"
    program = "crowsetta"
    suffixes = (".csv", ".mat", ".phn", ".txt", ".wrd", ".xml")
    requires = {"crowsetta": "covey[crowsetta]"}
    references = ("Nicholson, D. (2023). crowsetta. Journal of Open Source Software 8(84), 5338.",)

    format: str | None = option(default=None, choices=FORMATS, help="The format; none: as the ending of a file says.")
    rate: int | None = option(
        default=None,
        gt=0,
        help="Sampling rate in Hz of files that count samples (timit, birdsong-recognition-dataset); none: that of the"
        " sound file beside them. Raising it moves segments towards the start.",
    )

    def read_table(self, path: Path) -> SelectionTable:
        """Read one file.

        Raises:
            CoveyError: it is of another format, or counts samples and nothing tells the sampling rate.
        """
        format_name = self.format or _format_of(path)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                rows = [
                    row
                    for annotation in _read(path, format_name, self.rate)
                    for row in _list_segments(path, annotation)
                ]
        except Exception as error:  # whatever the libraries that it uses raise
            if format_name in _IN_SAMPLES and not self.rate and isinstance(error, TypeError | RuntimeError | OSError):
                raise CoveyError(
                    f"{path} counts samples, and the sound file beside it cannot be read: set rate, the sampling rate."
                ) from error
            raise CoveyError(f"{path} is no file of the format {format_name}: {reason(error)}.") from error
        return SelectionTable(path=path, selections=rows)


def _format_of(path: Path) -> str:
    """Return the format that files with such a name usually have; CSV files of generic-seq name what they annotate."""
    ending = next((ending for ending in _BY_ENDING if path.name.lower().endswith(ending)), "")
    if ending == ".csv" and path.is_file():
        with path.open("rb") as file:
            return "generic-seq" if b"notated_path" in file.readline(1000) else _BY_ENDING[ending]
    return _BY_ENDING.get(ending, "simple-seq")


def _read(path: Path, format_name: str, rate: int | None) -> list[Any]:
    """Return crowsetta's annotations, one a sound file."""
    import crowsetta

    format_class = crowsetta.formats.by_name(format_name)
    if format_name == "simple-seq":
        annotations = format_class.from_file(path, read_csv_kwargs=_AS_WRITTEN).to_annot(round_times=False)
    elif format_name == "generic-seq":
        annotations = format_class.from_file(path).to_annot()
    elif format_name in _IN_SAMPLES:
        annotations = format_class.from_file(path).to_annot(round_times=False, samplerate=rate)
    else:
        annotations = format_class.from_file(path).to_annot(round_times=False)
    return annotations if isinstance(annotations, list) else [annotations]


def _list_segments(path: Path, annotation: Any) -> Iterator[SelectionRow]:
    """Yield the segments of one sound file; simple-seq names none, and its files are called after it."""
    sound = str(annotation.notated_path or path.stem).removesuffix(_RECORDED_BY_EVTAF)
    for number, segment in enumerate(annotation.seq.segments, 1):
        begin, end, label = float(segment.onset_s), float(segment.offset_s), str(segment.label).strip()
        problem = "" if 0 <= begin <= end < float("inf") else "without times"
        yield SelectionRow(
            sound=sound, begin=begin, end=end, label=label, row=f"{path.name} segment {number}", problem=problem
        )


@hookimpl
def covey_importers() -> Iterable[type[Importer]]:
    """Offer annotations that crowsetta reads."""
    yield Crowsetta
