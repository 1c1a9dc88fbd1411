"""Two tables side by side: what two extractors or two reducers say of the same images, matched by name."""

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
    """A table of the images that two tables share, and the names that are in one of them only."""

    table: T
    only_one: Names
    only_other: Names

    @property
    def told(self) -> str:
        """What matches and what is missing on either side, in words."""
        count = len(self.table.names)
        sentences = [f"{count_noun(count, 'image')} {'is' if count == 1 else 'are'} in both"]
        for side, names in (("first", self.only_one), ("second", self.only_other)):
            if len(names):
                sentences.append(f"{len(names):,} only in the {side}: {preview(names.tolist())}")
        return "; ".join(sentences) + "."


def join_tables(left: T, right: T) -> Joined[T]:
    """Combine two tables of features, or two embeddings, by the names of their images.

    The rows are those of `left`, in its order, that are in `right` too; the columns are those of `left`, then those of
    `right`. A joined embedding shows the map of `left`. The provenance names both, where both are known.

    Args:
        left: features (n, d) or an embedding (n, k).
        right: the same kind of table, of any width.

    Raises:
        CoveyError: the kinds differ, a name stands twice in a table, or no image is in both.
    """
    if type(left) is not type(right):
        kinds = " and ".join(type(table).__name__.lower() for table in (left, right))
        raise CoveyError(f"Only tables of one kind can be joined, not {kinds}: take two of the same.")
    for table in (left, right):
        _check_unique(table.names)
    here, there = _matches(left.names, right.names)
    names, provenance = left.names[here], _provenance(left.provenance, right.provenance)
    table = attrs.evolve(_join_columns(left, here, right, there), names=names, provenance=provenance)
    return Joined(table=table, only_one=np.setdiff1d(left.names, names), only_other=np.setdiff1d(right.names, names))


def _check_unique(names: Names) -> None:
    unique_names, counts = np.unique(names, return_counts=True)
    if (counts > 1).any():
        raise CoveyError(
            f"The image {str(unique_names[counts > 1][0])!r} stands twice in a table: make the table again."
        )


def _matches(names: Names, others: Names) -> tuple[list[int], list[int]]:
    """Return the rows of the images that are in both, in the order of the first."""
    rows = {name: row for row, name in enumerate(others.tolist())}
    pairs = [(row, rows[name]) for row, name in enumerate(names.tolist()) if name in rows]
    if not pairs:
        first_names = " and ".join(
            repr(str(table_names[0])) if len(table_names) else "no image" for table_names in (names, others)
        )
        raise CoveyError(
            f"The tables share no image (they begin with {first_names}): were they made from the same folder?"
        )
    here, there = zip(*pairs, strict=True)
    return list(here), list(there)


def _join_columns(left: T, here: list[int], right: T, there: list[int]) -> T:
    X, Y = (table.X if isinstance(table, Features) else table.Z for table in (left, right))
    both = np.hstack([X[here], Y[there]])
    changes: dict[str, Any] = {"Z": both, "map": left.map[here]} if isinstance(left, Embedding) else {"X": both}
    return attrs.evolve(left, **changes)


def _provenance(left: Provenance | None, right: Provenance | None) -> Provenance | None:
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
