"""A suggestion that tells nothing apart: options that the data suggest, and one cluster as their result."""

from __future__ import annotations

from collections.abc import Mapping

from covey.analysis.measures.own_measures import cluster_sizes
from covey.components.contracts import Labels
from covey.components.options import format_value


def describe_single_cluster(suggested: Mapping[str, object], labels: Labels) -> str:
    """Return a sentence if options that the data suggest make one cluster only; "" otherwise.

    Args:
        suggested: the options that were filled in from the data, with their values.
        labels: the clusters (n,) int32.
    """
    if not suggested or len(cluster_sizes(labels)) != 1:
        return ""
    values = ", ".join(f"{name} = {format_value(value)}" for name, value in suggested.items())
    return f"What the data suggest ({values}) makes one group only, which tells nothing apart: try other values."
