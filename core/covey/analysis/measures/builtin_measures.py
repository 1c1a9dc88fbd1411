"""The measures that come with covey, offered through the same hook as those of plugins."""

from __future__ import annotations

from collections.abc import Iterable

from covey.analysis.measures import label_measures, own_measures
from covey.components.measure_contract import Measure
from covey.plugins.hooks import hookimpl


@hookimpl
def covey_measures() -> Iterable[type[Measure]]:
    """Offer the measures in the order of their columns."""
    yield label_measures.AdjustedMutualInformation
    yield label_measures.AdjustedRandIndex
    yield label_measures.VMeasure
    yield label_measures.PureShare
    yield label_measures.NeighbourAccuracy
    yield own_measures.DensityValidity
    yield own_measures.Silhouette
    yield own_measures.HalfAgreement
    yield own_measures.SeedAgreement
    yield own_measures.ClusterCount
    yield own_measures.Coverage
    yield own_measures.LargestCluster
    yield own_measures.MedianCluster
    yield own_measures.RecordingShare
    yield own_measures.HighestRecordingShare
    yield label_measures.Homogeneity
    yield label_measures.Completeness
    yield label_measures.LabelledCoverage
    yield label_measures.NeighbourAccuracyInFeatures
