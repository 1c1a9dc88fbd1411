"""Which radius of DBSCAN to suggest: the one at which groups tell the points apart."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np

from covey.components.contracts import Labels
from covey.data.tables import NOISE

NEARLY = 0.98
"""Share of the best score that makes a radius as good as the best."""
HALF = 0.5
"""Share of the points above which one group is too large to be suggested without a finer alternative."""


@attrs.frozen(kw_only=True)
class Cut:
    """The groups at one radius.

    Attributes:
        radius: the radius, in units of the points.
        clusters: number of groups.
        largest: share of the points in the largest group.
        score: what the groups tell: the sum of -p log p over the shares p of the points in each large group.
    """

    radius: float
    clusters: int
    largest: float
    score: float

    @classmethod
    def of(cls, radius: float, labels: Labels) -> Cut:
        """Measure the groups (n,) at a radius; a group of at least sqrt(2 n) points is large."""
        sizes = np.bincount(labels[labels != NOISE], minlength=1)
        shares = sizes / len(labels)
        large = shares[sizes >= np.sqrt(2 * len(labels))]
        return cls(
            radius=radius,
            clusters=int(np.count_nonzero(sizes)),
            largest=float(shares.max()),
            score=float(-(large * np.log(large)).sum()),
        )


@attrs.frozen(kw_only=True)
class RadiusChoice:
    """A radius, and what was weighed.

    Attributes:
        chosen: the groups at the suggested radius.
        equals: the groups at all radii that are as good, that of `chosen` last.
        finer: the groups at a smaller radius, if more than HALF of the points are in one of the chosen groups.
    """

    chosen: Cut
    equals: Sequence[Cut]
    finer: Cut | None = None


def choose_radius(cuts: Sequence[Cut]) -> RadiusChoice | None:
    """Return the largest radius that is as good as the best; None if at no radius two groups are large.

    The score is the entropy (Shannon 1948) of large groups. Noise and small groups add nothing: groups that fall apart
    lower it, and so do groups that are joined. Of radii that are about as good the largest leaves the least noise and
    the fewest fragments. `tests/benchmarks/suggestion.py` measures it; the numbers were chosen on half A of the
    recordings of ESC-10, the demo and simulated groups.

    Args:
        cuts: the groups at ascending radii.
    """
    equals = _find_best(cuts)
    if not equals:
        return None
    finer = _find_best([cut for cut in cuts if cut.largest <= HALF]) if equals[-1].largest > HALF else []
    return RadiusChoice(chosen=equals[-1], equals=equals, finer=finer[-1] if finer else None)


def _find_best(cuts: Sequence[Cut]) -> list[Cut]:
    """Return the cuts that are as good as the best; none if no score is above 0."""
    best = max((cut.score for cut in cuts), default=0.0)
    return [cut for cut in cuts if best > 0 and cut.score >= NEARLY * best]
