"""Colours of groups and classes: told apart by the colour-blind too, visible on white and on black."""

from __future__ import annotations

from covey._base.palette import PALETTE
from covey.data.tables import NOISE

GREY = "#9aa0a6"


def cluster_colour(cluster: int) -> str:
    """Return the colour of a cluster as #rrggbb; it depends on the cluster's number alone."""
    return GREY if cluster == NOISE else PALETTE[cluster % len(PALETTE)]
