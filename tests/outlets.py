"""A third party's plugin: measures, an exporter and an importer."""

from __future__ import annotations

from collections.abc import Iterable

from covey import component, hookimpl
from covey.authoring import AgreementMeasure, Codes, Measure, MeasuredClustering


@component
class Overlap(AgreementMeasure):
    """Share of the pairs of images on which two groupings agree (Rand 1971)."""

    name = "overlap"
    heading = "Rand"
    meaning = "share of pairs that are together in both or apart in both"

    def agree(self, first: Codes, second: Codes) -> float:
        """Return the share, 0 to 1."""
        together = (first[:, None] == first) == (second[:, None] == second)
        return float(together.mean())


@component
class Singles(Measure):
    """Clusters of one image: the fewer, the better."""

    name = "singles"
    score_format = "count"
    higher_is_better = False

    def compute(self, clustering: MeasuredClustering) -> float | None:
        """Return their number; fails where there are none."""
        labels: list[int] = clustering.labels.tolist()
        count = sum(labels.count(cluster) == 1 for cluster in set(labels) - {-1})
        return count if labels[0] == -1 or count else 1 // count


@hookimpl
def covey_measures() -> Iterable[type[Measure]]:
    """Offer the measures."""
    yield Overlap
    yield Singles
