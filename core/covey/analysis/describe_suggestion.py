"""What the data suggest for options that are left open, and why, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping

from covey.analysis.measures.own_measures import cluster_sizes
from covey.components.contracts import Labels
from covey.components.options import format_value


def describe_suggestion(suggested: Mapping[str, object], reasons: Mapping[str, str], labels: Labels) -> str:
    """Return a sentence about options that the data suggest; "" if there is nothing to say.

    Args:
        suggested: the options that were filled in from the data, with their values.
        reasons: why the data suggest them, by option.
        labels: the clusters (n,) int32; if they are only one, the sentence says so.
    """
    values = ", ".join(f"{name} = {format_value(value)}" for name, value in suggested.items())
    if suggested and len(cluster_sizes(labels)) == 1:
        return f"What the data suggest ({values}) makes one group only, which tells nothing apart: try other values."
    return f"The data suggest {values}: {'; '.join(reasons.values())}." if reasons else ""
