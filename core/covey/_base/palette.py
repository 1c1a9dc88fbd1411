"""Colours that colour-blind people can tell apart, visible on white and on black."""

PALETTE = (
    "#0078b4", "#b42d00", "#b4d200", "#c3870f", "#1e3cff", "#69d2ff", "#a587ff", "#c30f78", "#00e1a5", "#d25a69",
    "#e100c3", "#b4b45a", "#0078ff", "#c35a00", "#4bb4e1", "#ff78d2", "#d28778", "#4b874b", "#e12d96", "#964b4b",
)  # fmt: skip
"""Each the farthest from those before it in OKLab (Ottosson 2020), for the least of normal sight, protanopia and
deuteranopia (Machado et al. 2009)."""
