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
        told = [f"{count_noun(count, 'image')} {'is' if count == 1 else 'are'} in both"]
        for side, names in (("first", self.only_one), ("second", self.only_other)):
            if len(names):
                told.append(f"{len(names):,} only in the {side}: {preview(names.tolist())}")
        return "; ".join(told) + "."


def join(one: T, other: T) -> Joined[T]:
    """Combine two tables of features, or two embeddings, by the names of their images.

    The rows are those of `one`, in its order, that are in `other` too; the columns are those of `one`, then those of
    `other`. A joined embedding shows the map of `one`. The provenance names both, where both are known.

    Args:
        one: features (n, d) or an embedding (n, k).
        other: the same kind of table, of any width.

    Raises:
        CoveyError: the kinds differ, a name stands twice in a table, or no image is in both.
    """
    if type(one) is not type(other):
        kinds = " and ".join(type(table).__name__.lower() for table in (one, other))
        raise CoveyError(f"Only tables of one kind can be joined, not {kinds}: take two of the same.")
    for table in (one, other):
        _check_unique(table.names)
    here, there = _matches(one.names, other.names)
    names, provenance = one.names[here], _provenance(one.provenance, other.provenance)
    table = attrs.evolve(_beside(one, here, other, there), names=names, provenance=provenance)
    return Joined(table=table, only_one=np.setdiff1d(one.names, names), only_other=np.setdiff1d(other.names, names))


def _check_unique(names: Names) -> None:
    found, counts = np.unique(names, return_counts=True)
    if (counts > 1).any():
        raise CoveyError(f"The image {str(found[counts > 1][0])!r} stands twice in a table: make the table again.")


def _matches(names: Names, others: Names) -> tuple[list[int], list[int]]:
    """Return the rows of the images that are in both, in the order of the first."""
    rows = {name: row for row, name in enumerate(others.tolist())}
    pairs = [(row, rows[name]) for row, name in enumerate(names.tolist()) if name in rows]
    if not pairs:
        told = " and ".join(repr(str(found[0])) if len(found) else "no image" for found in (names, others))
        raise CoveyError(f"The tables share no image (they begin with {told}): were they made from the same folder?")
    here, there = zip(*pairs, strict=True)
    return list(here), list(there)


def _beside(one: T, here: list[int], other: T, there: list[int]) -> T:
    X, Y = (table.X if isinstance(table, Features) else table.Z for table in (one, other))
    both = np.hstack([X[here], Y[there]])
    changes: dict[str, Any] = {"Z": both, "map": one.map[here]} if isinstance(one, Embedding) else {"X": both}
    return attrs.evolve(one, **changes)


def _provenance(one: Provenance | None, other: Provenance | None) -> Provenance | None:
    if one is None or other is None:
        return None
    return Provenance(
        kind=one.kind,
        component=COMPONENT,
        tag=f"{COMPONENT}_{other.tag}",
        version=1,
        options={"other": other.key},
        input=one.key,
        source=one,
        details=Details(other=other),
    )
