"""The one pickle that covey writes: the metadata as the original's dashboard insists on them."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

from covey import CoveyError
from covey.authoring import RECORDING, ImageFolder, Metadata, Value

_STUB = "file_name_stub"


def pickled(metadata: Metadata, images: ImageFolder | None) -> bytes:
    """Return a pickled data frame of plain text, one row a recording, with `file_name_stub` and `full_spec_name`.

    Where the metadata name no recordings, they come from the names of the images; an unknown species is "".

    Raises:
        CoveyError: pandas is not installed.
    """
    try:
        import pandas
    except ImportError as error:
        raise CoveyError('--original needs pandas: pip install "covey[kaggle]"') from error
    columns = dict(metadata.columns) if _STUB in metadata.columns else _recordings(metadata, images)
    columns.setdefault("full_spec_name", [""] * len(columns[_STUB]))
    texts = {head: ["" if value is None else str(value) for value in column] for head, column in columns.items()}
    frame = pandas.DataFrame(texts, dtype=object)
    frame.columns = pandas.Index(list(texts), dtype=object)  # any version of pandas can read this
    file = io.BytesIO()
    frame.to_pickle(file, protocol=4)
    return file.getvalue()


def _recordings(metadata: Metadata, images: ImageFolder | None) -> dict[str, Sequence[Value]]:
    """Return what is known of the first image of each recording."""
    columns: Mapping[str, Sequence[Value]] = metadata.of(images.names() if images else [])
    stubs = columns.get(RECORDING, [])
    first = {stub: row for row, stub in reversed(list(enumerate(stubs))) if stub}
    rows = sorted(first.values())
    taken = {head: [column[row] for row in rows] for head, column in columns.items() if head != RECORDING}
    return {_STUB: [stubs[row] for row in rows], **taken}
