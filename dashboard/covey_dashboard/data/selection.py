"""Which images a person has selected: a rule about images, never a number that may come to mean others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ClassVar

import attrs
import numpy as np
from numpy.typing import NDArray

from covey import Labels
from covey.frontend import NOISE

Rows = NDArray[np.intp]


@attrs.frozen
class AllImages:
    """All images."""

    in_words: ClassVar[str] = "All images"


@attrs.frozen
class ImagesOfCluster:
    """The images of a cluster, by its number."""

    cluster: int

    @property
    def in_words(self) -> str:
        """What is selected, in words."""
        return "Left out (noise)" if self.cluster == NOISE else f"Group {self.cluster}"


@attrs.frozen
class ImagesWithLabel:
    """The images with a label, by the name of its class."""

    label: str

    @property
    def in_words(self) -> str:
        """What is selected, in words."""
        return f"Label {self.label}"


@attrs.frozen
class ImagesInArea:
    """The images in an area of the map, by the corners (x, y) of a polygon."""

    corners: tuple[tuple[float, float], ...]
    in_words: ClassVar[str] = "The encircled area"


@attrs.frozen
class ImagesWithName:
    """The images with a text in their names, in upper or lower case."""

    text: str

    @property
    def in_words(self) -> str:
        """What is selected, in words."""
        return f"Names with {self.text!r}"


@attrs.frozen
class SimilarImages:
    """The images that are most like some others, by their rows."""

    similar_rows: tuple[int, ...]
    in_words: ClassVar[str] = "More like these"


@attrs.frozen
class ImagesWithValue:
    """The images with a value in a column: a recording, or a value of the metadata."""

    column: str
    text: str

    @property
    def in_words(self) -> str:
        """What is selected, in words."""
        return f"{self.column} {self.text}"


@attrs.frozen
class ChosenImages:
    """Some images, whatever becomes of their groups: by their rows, as the bytes of an int32 array."""

    row_bytes: bytes
    in_words: str

    @classmethod
    def of(cls, rows: NDArray[np.integer], in_words: str) -> ChosenImages:
        """Return a selection of some rows."""
        return cls(rows.astype("<i4").tobytes(), in_words)

    @property
    def rows(self) -> Rows:
        """The rows of the images."""
        return np.frombuffer(self.row_bytes, "<i4").astype(np.intp)


Selection = (
    AllImages
    | ImagesOfCluster
    | ImagesWithLabel
    | ImagesInArea
    | ImagesWithName
    | SimilarImages
    | ImagesWithValue
    | ChosenImages
)
"""What a person has selected."""


def _no_column(_name: str) -> Sequence[str]:
    """Return the values of a column that is not there."""
    return ()


def follow_groups(selection: Selection, before: Labels, after: Labels) -> Selection:
    """Return a selection of the same images after their groups have changed.

    A group that is the same under another number stays selected under that; of any other the images do.

    Args:
        selection: what is selected.
        before: the groups (n,) when it was selected.
        after: the groups (n,) now.
    """
    if not isinstance(selection, ImagesOfCluster):
        return selection
    rows = np.flatnonzero(before == selection.cluster)
    if not len(rows):
        return AllImages()
    number = int(after[rows[0]])
    if np.array_equal(np.flatnonzero(after == number), rows):
        return ImagesOfCluster(number)
    return ChosenImages.of(rows, f"{selection.in_words} as it was")


def select_rows(
    selection: Selection,
    names: Sequence[str],
    clusters: Labels,
    places: NDArray[np.float32],
    labels_by_image: Mapping[str, Sequence[str]],
    read_column: Callable[[str], Sequence[str]] = _no_column,
) -> Rows:
    """Return the rows of the images that are selected, (k,) intp.

    Args:
        selection: what is selected.
        names: the images (n,).
        clusters: the cluster of each image (n,).
        places: where each image lies on the map (n, 2).
        labels_by_image: the classes of each image that has any.
        read_column: returns the values of a column (n,) in words.
    """
    match selection:
        case AllImages():
            return np.arange(len(names))
        case ImagesOfCluster(cluster):
            return np.flatnonzero(clusters == cluster)
        case ImagesWithLabel(label):
            return _rows_where(label in labels_by_image.get(name, ()) for name in names)
        case ImagesInArea(corners):
            return rows_inside(places, np.array(corners, dtype=np.float64))
        case ImagesWithName(text):
            return _rows_where(text.casefold() in name.casefold() for name in names)
        case SimilarImages(similar_rows):
            return np.array(similar_rows, dtype=np.intp)
        case ImagesWithValue(column, text):
            return _rows_where(value == text for value in read_column(column))
        case ChosenImages():
            rows = selection.rows
            return rows[(rows >= 0) & (rows < len(names))]


def _rows_where(is_selected: Iterable[bool]) -> Rows:
    return np.flatnonzero(np.fromiter(is_selected, dtype=bool))


def rows_inside(places: NDArray[np.float32], corners: NDArray[np.float64]) -> Rows:
    """Return the rows of the places (n, 2) within a polygon (m, 2), by the even-odd rule."""
    in_box: NDArray[np.bool_] = (places >= corners.min(axis=0)) & (places <= corners.max(axis=0))
    rows_in_box = np.flatnonzero(in_box.all(axis=1))
    x, y = places[rows_in_box].T.astype(np.float64)
    is_inside = np.zeros(len(rows_in_box), dtype=bool)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y0 != y1:
            is_inside ^= ((y0 > y) != (y1 > y)) & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    return rows_in_box[is_inside]


def read_pick(pick: object, clusters: Labels) -> Selection:
    """Return what a person picked on the map: an area, the group of a point, or all images if no point was hit.

    Args:
        pick: what the browser sends: {"row": row}, row -1 for no point, or {"area": [[x, y], ...]}.
        clusters: the cluster of each image (n,).
    """
    if not isinstance(pick, dict):
        return AllImages()
    corners: Sequence[tuple[float, float]] = pick.get("area") or ()
    if corners:
        return ImagesInArea(tuple((float(x), float(y)) for x, y in corners))
    row = int(pick.get("row", -1))
    return ImagesOfCluster(int(clusters[row])) if 0 <= row < len(clusters) else AllImages()
