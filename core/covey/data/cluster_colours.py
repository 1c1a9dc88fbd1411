"""Colours of groups and classes: told apart by the colour-blind too, visible on white and on black."""

from __future__ import annotations

from covey.data.tables import NOISE

PALETTE = (
    "#0078b4", "#b42d00", "#b4d200", "#c3870f", "#1e3cff", "#69d2ff", "#a587ff", "#c30f78", "#00e1a5", "#d25a69",
    "#e100c3", "#b4b45a", "#0078ff", "#c35a00", "#4bb4e1", "#ff78d2", "#d28778", "#4b874b", "#e12d96", "#964b4b",
)  # fmt: skip
"""Each the farthest from those before it in OKLab (Ottosson 2020), for the least of normal sight, protanopia and
deuteranopia (Machado et al. 2009)."""
GREY = "#9aa0a6"


def cluster_colour(cluster: int) -> str:
    """Return the colour of a cluster as #rrggbb; it depends on the cluster's number alone."""
    return GREY if cluster == NOISE else PALETTE[cluster % len(PALETTE)]
