"""What a person has set on the page Explore as a short text for the address, and back.

The text may come from anybody: whatever is wrong with it is a ValueError, and nothing in it is run or opened.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import zlib
from collections.abc import Mapping, Sequence

import attrs
import numpy as np

from covey_dashboard.data.image_filters.filters import Filter, RangeFilter, TextFilter
from covey_dashboard.data.selection import (
    AllImages,
    ChosenImages,
    ImagesInArea,
    ImagesOfCluster,
    ImagesWithLabel,
    ImagesWithName,
    ImagesWithValue,
    Rows,
    Selection,
    SimilarImages,
)

LONGEST = 7000
"""Characters of the text, at most: longer addresses are cut by programs that pass them on."""
LARGEST = 500_000
"""Bytes that it may hold."""
MOST_ROWS = 100_000
MOST_ENTRIES = 2000


@attrs.frozen(kw_only=True)
class AddressedView:
    """What a person has set.

    Attributes:
        embedding: tells the embedding from others.
        clusterer: the full name of what finds the groups.
        options: its options.
        fingerprint: tells the groups from others; numbers of groups mean something for these alone.
        numbers: the number under which each group is shown, where that is not its own.
        selection: what is selected.
        removed: the rows of the images that are removed from the selection.
        hidden: the numbers of hidden groups.
        filters: the filters by column.
        settings: what widgets hold, by the name of the widget.
    """

    embedding: str
    clusterer: str = ""
    options: Mapping[str, object] = attrs.field(factory=dict)
    fingerprint: str = ""
    numbers: tuple[int, ...] = ()
    selection: Selection = attrs.field(factory=AllImages)
    removed: tuple[int, ...] = ()
    hidden: frozenset[int] = frozenset()
    filters: Mapping[str, Filter] = attrs.field(factory=dict)
    settings: Mapping[str, str | bool] = attrs.field(factory=dict)


def write_view(view: AddressedView) -> str:
    """Return a view as a text; without its removed images and its selection if it were too long with them."""
    for candidate in (view, attrs.evolve(view, removed=(), selection=AllImages())):
        document = {
            "e": view.embedding,
            "c": view.clusterer,
            "o": dict(view.options),
            "f": view.fingerprint,
            "n": list(view.numbers),
            "s": _write_selection(candidate.selection),
            "r": _write_rows(candidate.removed),
            "h": sorted(view.hidden),
            "b": {name: _write_filter(wanted) for name, wanted in view.filters.items()},
            "w": dict(view.settings),
        }
        filled = {name: part for name, part in document.items() if part}
        packed = zlib.compress(json.dumps(filled, separators=(",", ":")).encode("ascii"), 9)
        text = base64.urlsafe_b64encode(packed).decode("ascii").rstrip("=")
        if len(text) <= LONGEST:
            return text
    return ""


def read_view(text: str) -> AddressedView:
    """Return the view that a text holds.

    Raises:
        ValueError: it holds none.
    """
    try:
        return _read_document(_unpack(text))
    except (TypeError, KeyError, IndexError, AttributeError, RecursionError, OverflowError, zlib.error) as error:
        raise ValueError("no view") from error


def _unpack(text: str) -> Mapping[str, object]:
    if len(text) > LONGEST:
        raise ValueError("too long")
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("no text of this kind") from error
    unpacker = zlib.decompressobj()
    content = unpacker.decompress(packed, LARGEST)
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise ValueError("too large")
    document: object = json.loads(content)
    return _as_mapping(document)


def _read_document(document: Mapping[str, object]) -> AddressedView:
    filters = _as_mapping(document.get("b", {}))
    settings = {name: part for name, part in _as_mapping(document.get("w", {})).items() if isinstance(part, str | bool)}
    return AddressedView(
        embedding=_as_text(document["e"]),
        clusterer=_as_text(document.get("c", "")),
        options=_as_mapping(document.get("o", {})),
        fingerprint=_as_text(document.get("f", "")),
        numbers=tuple(map(_as_number, _as_list(document.get("n", [])))),
        selection=_read_selection(_as_list(document.get("s", []))),
        removed=tuple(_read_rows(_as_text(document.get("r", ""))).tolist()),
        hidden=frozenset(map(_as_number, _as_list(document.get("h", [])))),
        filters={name: _read_filter(_as_list(part)) for name, part in filters.items()},
        settings=settings,
    )


def _write_selection(selection: Selection) -> list[object]:
    match selection:
        case AllImages():
            return []
        case ImagesOfCluster(cluster):
            return ["g", cluster]
        case ImagesWithLabel(label):
            return ["l", label]
        case ImagesWithName(text):
            return ["t", text]
        case ImagesWithValue(column, text):
            return ["v", column, text]
        case ImagesInArea(corners):
            return ["a", *(float(f"{part:.5g}") for corner in corners for part in corner)]
        case SimilarImages(rows):
            return ["m", _write_rows(rows, in_order=False)]
        case ChosenImages():
            return ["i", _write_rows(selection.rows.tolist()), selection.in_words]


def _read_selection(parts: Sequence[object]) -> Selection:
    match parts:
        case []:
            return AllImages()
        case ["g", int(cluster)]:
            return ImagesOfCluster(cluster)
        case ["l", str(label)]:
            return ImagesWithLabel(label)
        case ["t", str(text)]:
            return ImagesWithName(text)
        case ["v", str(column), str(text)]:
            return ImagesWithValue(column, text)
        case ["a", *numbers] if len(numbers) % 2 == 0 and numbers:
            flat = [_as_float(number) for number in numbers]
            return ImagesInArea(tuple(zip(flat[::2], flat[1::2], strict=True)))
        case ["m", str(rows)]:
            return SimilarImages(tuple(_read_rows(rows).tolist()))
        case ["i", str(rows), str(words)]:
            return ChosenImages.of(_read_rows(rows), words[:200])
    raise ValueError("no selection")


def _write_filter(wanted: Filter) -> list[object]:
    if isinstance(wanted, RangeFilter):
        return ["<", wanted.low, wanted.high]
    return ["=", *sorted(wanted.values)]


def _read_filter(parts: Sequence[object]) -> Filter:
    match parts:
        case ["<", low, high]:
            return RangeFilter(_as_float(low), _as_float(high))
        case ["=", *values]:
            return TextFilter(frozenset(map(_as_text, values)))
    raise ValueError("no filter")


def _write_rows(rows: Sequence[int], in_order: bool = True) -> str:
    """Return rows as the differences between each and the one before, seven bits in a byte."""
    array = np.sort(np.array(rows, dtype=np.int64)) if in_order else np.array(rows, dtype=np.int64)
    content = bytearray()
    for difference in np.diff(array, prepend=0).tolist():
        number = 2 * difference if difference >= 0 else -2 * difference - 1
        while number > 127:
            content.append(128 | number & 127)
            number >>= 7
        content.append(number)
    return base64.b64encode(bytes(content)).decode("ascii")


def _read_rows(text: str) -> Rows:
    differences: list[int] = []
    number = shift = 0
    for byte in base64.b64decode(text, validate=True):
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            differences.append(number // 2 if number % 2 == 0 else -(number + 1) // 2)
            number = shift = 0
        if shift > 63 or len(differences) > MOST_ROWS:
            raise ValueError("no rows")
    if shift:
        raise ValueError("no rows")
    rows = np.cumsum(np.array(differences, dtype=np.int64))
    if len(rows) and (rows.min() < 0 or rows.max() >= 2**31):
        raise ValueError("no rows")
    return rows.astype(np.intp)


def _as_mapping(part: object) -> dict[str, object]:
    if not isinstance(part, dict) or len(part) > MOST_ENTRIES:
        raise ValueError("no object")
    return part


def _as_list(part: object) -> list[object]:
    if not isinstance(part, list) or len(part) > MOST_ENTRIES:
        raise ValueError("no list")
    return part


def _as_text(part: object) -> str:
    if not isinstance(part, str):
        raise ValueError("no text")
    return part


def _as_number(part: object) -> int:
    if not isinstance(part, int) or isinstance(part, bool) or not -1 <= part < 2**31:
        raise ValueError("no number")
    return part


def _as_float(part: object) -> float:
    if not isinstance(part, int | float) or not math.isfinite(part):
        raise ValueError("no number")
    return float(part)
