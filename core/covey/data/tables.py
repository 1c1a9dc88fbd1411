"""The three tables that flow from step to step, each row one image."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

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

    names: Names = attrs.field(converter=as_names)
    X: NDArray[np.float32]
    provenance: Provenance | None


@attrs.frozen(kw_only=True, eq=False)
class Embedding:
    """What a reducer gives: names (n,), Z (n, k) float32 and the map (n, 2) float32."""

    names: Names = attrs.field(converter=as_names)
    Z: NDArray[np.float32]
    map: NDArray[np.float32]
    provenance: Provenance | None


@attrs.frozen(kw_only=True, eq=False)
class Clustering:
    """What a clusterer gives: names (n,), labels (n,) int32, where -1 is noise."""

    names: Names = attrs.field(converter=as_names)
    labels: NDArray[np.int32]
    provenance: Provenance | None


Table = Features | Embedding | Clustering
