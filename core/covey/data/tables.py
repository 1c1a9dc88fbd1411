"""The tables that flow from step to step, each row one image; what an extractor has learned, and what else it says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import attrs
import numpy as np
from numpy.typing import NDArray

from covey.components.extras import ExtraArrays
from covey.components.fitting import State
from covey.components.table_kinds import TableKind
from covey.data.provenance import Provenance

Names = NDArray[np.str_]
NOISE = -1
"""The label of an image in no cluster."""


def as_names(names: Sequence[str] | Names) -> Names:
    """Return names as an array of fixed-width unicode."""
    return np.asarray(names, dtype=np.str_)


@attrs.frozen(kw_only=True, eq=False)
class Features:
    """What an extractor gives: names (n,), X (n, d) float32."""

    kind: ClassVar[TableKind] = TableKind.FEATURES

    names: Names = attrs.field(converter=as_names)
    X: NDArray[np.float32]
    provenance: Provenance | None

    @property
    def points(self) -> NDArray[np.float32]:
        """The array (n, d) float32 that is clustered."""
        return self.X


@attrs.frozen(kw_only=True, eq=False)
class Embedding:
    """What a reducer gives: names (n,), Z (n, k) float32 and the map (n, 2) float32."""

    kind: ClassVar[TableKind] = TableKind.EMBEDDING

    names: Names = attrs.field(converter=as_names)
    Z: NDArray[np.float32]
    map: NDArray[np.float32]
    provenance: Provenance | None

    @property
    def points(self) -> NDArray[np.float32]:
        """The array (n, k) float32 that is clustered."""
        return self.Z


@attrs.frozen(eq=False)
class NearestGroups:
    """The cluster (n,) int32 that each image belongs to if to any, -1 if none is near, and its confidence (n,) float32.

    An image in a cluster has that one, with confidence 1.
    """

    clusters: NDArray[np.int32]
    confidence: NDArray[np.float32]


@attrs.frozen(kw_only=True, eq=False)
class Clustering:
    """What a clusterer gives: names (n,), labels (n,) int32, where -1 is noise, and the groups nearest to noise.

    `nearest` is None in tables of other programs and of earlier versions.
    """

    kind: ClassVar[TableKind] = TableKind.CLUSTERING

    names: Names = attrs.field(converter=as_names)
    labels: NDArray[np.int32]
    provenance: Provenance | None
    nearest: NearestGroups | None = None


@attrs.frozen(kw_only=True, eq=False)
class LearnedState:
    """What an extractor has learned: arrays by name; the names (n,) are of the images that it learned from."""

    kind: ClassVar[TableKind] = TableKind.STATE

    names: Names = attrs.field(converter=as_names)
    arrays: State
    provenance: Provenance | None


@attrs.frozen(kw_only=True, eq=False)
class Extra:
    """What an extractor gives beside features: names (n,) and columns by name, (n, count) of float32, int32 or text."""

    kind: ClassVar[TableKind] = TableKind.EXTRA

    names: Names = attrs.field(converter=as_names)
    columns: ExtraArrays
    provenance: Provenance | None

    @property
    def flat_columns(self) -> dict[str, NDArray[np.generic]]:
        """Arrays (n,): a column of several values gives "score_1", "score_2", ...; all first values come first."""
        widths = {name: array.shape[1] for name, array in self.columns.items()}
        return {
            name if widths[name] == 1 else f"{name}_{position + 1}": self.columns[name][:, position]
            for position in range(max(widths.values(), default=0))
            for name in widths
            if position < widths[name]
        }


PointTable = Features | Embedding
"""A table that can be clustered."""
Table = Features | Embedding | Clustering | LearnedState | Extra
