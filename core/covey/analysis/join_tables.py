"""Joining the columns of two tables: features of two extractors, or two embeddings, of the same images."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import attrs
import numpy as np

from covey._base.errors import CoveyError
from covey._base.text import count_noun, preview
from covey.data.provenance import Details, Provenance
from covey.data.tables import Embedding, Features, Names

T = TypeVar("T", Features, Embedding)
COMPONENT = "join"


@attrs.frozen(kw_only=True)
class Joined(Generic[T]):
    """A table of the images that two tables share, and the names that are only in the left or the right one."""

    table: T
    only_left: Names
    only_right: Names

    @property
    def balance(self) -> str:
        """How many images are in both tables, and which are in one of them only, in one sentence."""
        count = len(self.table.names)
        clauses = [f"{count_noun(count, 'image')} {'is' if count == 1 else 'are'} in both"]
        for side, names in (("first", self.only_left), ("second", self.only_right)):
            if len(names):
                clauses.append(f"{len(names):,} only in the {side}: {preview(names.tolist())}")
        return "; ".join(clauses) + "."


def join_tables(left: T, right: T) -> Joined[T]:
    """Join the columns of two tables of features, or of two embeddings, by the names of their images.

    The rows are those of `left`, in its order, that are in `right` too; the columns are those of `left`, then those of
    `right`. A joined embedding has the map of `left`. The provenance names both tables, if both have one.

    Args:
        left: features (n, d) or an embedding (n, k).
        right: the same kind of table, of any width.

    Raises:
        CoveyError: the kinds differ, a table has a name twice, or no image is in both.
    """
    if type(left) is not type(right):
        kinds = " and ".join(type(table).__name__.lower() for table in (left, right))
        raise CoveyError(f"Only tables of one kind can be joined, not {kinds}: take two of the same.")
    for table in (left, right):
        _check_unique(table.names)
    left_rows, right_rows = _match_rows(left.names, right.names)
    names, provenance = left.names[left_rows], _join_provenance(left.provenance, right.provenance)
    table = attrs.evolve(_join_columns(left, left_rows, right, right_rows), names=names, provenance=provenance)
    return Joined(table=table, only_left=np.setdiff1d(left.names, names), only_right=np.setdiff1d(right.names, names))


def _check_unique(names: Names) -> None:
    unique_names, counts = np.unique(names, return_counts=True)
    repeated: list[str] = unique_names[counts > 1].tolist()
    if repeated:
        raise CoveyError(f"The image {repeated[0]!r} stands twice in a table: make the table again.")


def _match_rows(left: Names, right: Names) -> tuple[list[int], list[int]]:
    """Return the rows in each table of the images that are in both, in the order of `left`."""
    left_names: list[str] = left.tolist()
    right_names: list[str] = right.tolist()
    right_rows = {name: row for row, name in enumerate(right_names)}
    left_rows = [row for row, name in enumerate(left_names) if name in right_rows]
    if not left_rows:
        first_names = " and ".join(repr(names[0]) if names else "no image" for names in (left_names, right_names))
        raise CoveyError(
            f"The tables share no image (they begin with {first_names}): were they made from the same folder?"
        )
    return left_rows, [right_rows[left_names[row]] for row in left_rows]


def _join_columns(left: T, left_rows: list[int], right: T, right_rows: list[int]) -> T:
    columns = np.hstack([left.points[left_rows], right.points[right_rows]])
    fields: dict[str, Any] = (
        {"Z": columns, "map": left.map[left_rows]} if isinstance(left, Embedding) else {"X": columns}
    )
    return attrs.evolve(left, **fields)


def _join_provenance(left: Provenance | None, right: Provenance | None) -> Provenance | None:
    if left is None or right is None:
        return None
    return Provenance(
        kind=left.kind,
        component=COMPONENT,
        tag=f"{COMPONENT}_{right.tag}",
        version=1,
        options={"other": right.key},
        input=left.key,
        source=left,
        details=Details(other=right),
    )
