"""Which radius of DBSCAN to suggest: the one at which groups tell the points apart."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from covey.components.contracts import Labels
from covey.data.tables import NOISE

NEARLY = 0.98
"""Share of the best score that makes a radius as good as the best."""
HALF = 0.5
"""Share of the points above which one group is too large to be suggested without a finer alternative."""
LEAST_SHARE = 0.05
"""Share of the points that makes a group large, if there are few."""
LEAST_POINTS = 5
"""Points that a group needs to be large, however few points there are."""
WIDER = 2
"""How many times as many radii must agree on groups half as large, before these are suggested."""


@attrs.frozen(kw_only=True, eq=False)
class Cut:
    """The groups at one radius.

    Attributes:
        radius: the radius, in units of the points.
        shares: the share of the points in each group.
        points: number of points.
    """

    radius: float
    shares: NDArray[np.float64]
    points: int

    @classmethod
    def of(cls, radius: float, labels: Labels) -> Cut:
        """Count the points of the groups (n,) at a radius."""
        return cls(radius=radius, shares=np.bincount(labels[labels != NOISE]) / len(labels), points=len(labels))

    @property
    def clusters(self) -> int:
        """Number of groups."""
        return len(self.shares)

    @property
    def largest(self) -> float:
        """Share of the points in the largest group."""
        return float(self.shares.max(initial=0))

    def score(self, detail: int) -> float:
        """Return what the groups tell: the sum of -p log p over the shares p of the points in each large group.

        A group of at least sqrt(2 n) of n points, or of LEAST_SHARE of them, is large; of a part of that with a
        `detail` above 1; but none of fewer than LEAST_POINTS.
        """
        least = max(min(np.sqrt(2 / self.points), LEAST_SHARE) / detail, LEAST_POINTS / self.points)
        large = self.shares[self.shares >= least]
        return float(-(large * np.log(large)).sum())


@attrs.frozen(kw_only=True)
class RadiusChoice:
    """A radius, and what was weighed.

    Attributes:
        chosen: the groups at the suggested radius.
        equals: the groups at the radii that are as good, that of `chosen` last; none if no radius tells points apart.
        finer: the groups at a smaller radius, if more than HALF of the points are in one of the chosen groups.
    """

    chosen: Cut
    equals: Sequence[Cut]
    finer: Cut | None = None


def choose_radius(cuts: Sequence[Cut]) -> RadiusChoice | None:
    """Return the largest radius that is as good as the best; None if at no radius two groups are large.

    The score is the entropy (Shannon 1948) of large groups. Noise and small groups add nothing: groups that fall apart
    lower it, and so do groups that are joined. Of radii that are about as good the largest leaves the least noise and
    the fewest fragments. Groups half as large count too if far more radii agree on them. The numbers were chosen by
    `tests/benchmarks/suggestion.py` on half A of the recordings of ESC-10, the demo and simulated groups.

    Args:
        cuts: the groups at ascending radii, evenly spaced by ratio.
    """
    equals = _choose_plateau(cuts)
    if not equals:
        return None
    finer = _choose_plateau([cut for cut in cuts if cut.largest <= HALF]) if equals[-1].largest > HALF else []
    return RadiusChoice(chosen=equals[-1], equals=equals, finer=finer[-1] if finer else None)


def _choose_plateau(cuts: Sequence[Cut]) -> Sequence[Cut]:
    """Return the cuts that are as good as the best, of large groups or of those half as large."""
    coarse, fine = (_find_plateau(cuts, detail) for detail in (1, 2))
    return fine if len(fine) > WIDER * len(coarse) else coarse


def _find_plateau(cuts: Sequence[Cut], detail: int) -> Sequence[Cut]:
    """Return the last run of cuts that are as good as the best; none if no score is above 0."""
    scores = np.array([cut.score(detail) for cut in cuts])
    is_good = (scores > 0) & (scores >= NEARLY * scores.max(initial=0))
    if not is_good.any():
        return []
    last = int(np.flatnonzero(is_good)[-1])
    worse = np.flatnonzero(~is_good[:last])
    return cuts[int(worse[-1]) + 1 if len(worse) else 0 : last + 1]
