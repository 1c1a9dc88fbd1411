"""Colour maps: from 256 levels to RGB, under the names that matplotlib has for them.

The tables are those of matplotlib 3.11, which anybody may use (viridis, magma, inferno and plasma by S. van der Walt,
N. Smith and E. Firing are CC0; those named like Blues or Set1 are C. Brewer's, Apache 2.0; the others are under
matplotlib's own licence, Copyright (c) 2012- Matplotlib Development Team). Each is a row of `colour_maps.png`, so that
matplotlib need not be installed.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from covey._base.errors import CoveyError, did_you_mean

_TABLES = Path(__file__).with_suffix(".png")
_ROWS = (
    "viridis", "gray", "magma", "inferno", "plasma", "cividis", "Accent", "afmhot", "autumn", "berlin", "binary",
    "Blues", "bone", "BrBG", "brg", "BuGn", "BuPu", "bwr", "CMRmap", "cool", "coolwarm", "copper", "cubehelix",
    "Dark2", "flag", "gist_earth", "gist_gray", "gist_grey", "gist_heat", "gist_ncar", "gist_rainbow", "gist_stern",
    "gist_yarg", "gist_yerg", "GnBu", "gnuplot", "gnuplot2", "Grays", "Greens", "grey", "Greys", "hot", "hsv",
    "jet", "managua", "nipy_spectral", "ocean", "okabe_ito", "Oranges", "OrRd", "Paired", "Pastel1", "Pastel2",
    "pink", "PiYG", "PRGn", "prism", "PuBu", "PuBuGn", "PuOr", "PuRd", "Purples", "rainbow", "RdBu", "RdGy", "RdPu",
    "RdYlBu", "RdYlGn", "Reds", "seismic", "Set1", "Set2", "Set3", "Spectral", "spring", "summer", "tab10", "tab20",
    "tab20b", "tab20c", "terrain", "turbo", "twilight", "twilight_shifted", "vanimo", "winter", "Wistia", "YlGn",
    "YlGnBu", "YlOrBr", "YlOrRd",
)  # fmt: skip
_REVERSED = "_r"
COLOUR_MAPS = (*_ROWS, *(f"{name}{_REVERSED}" for name in _ROWS))
"""The names of all maps; those that end with _r run backwards."""


@cache
def colour_table(name: str) -> NDArray[np.uint8]:
    """Return the colours of a map (256, 3) uint8, those of the lowest level first.

    Fractions are cut, not rounded, to whole numbers as the original tools do; gray is 0 to 255.

    Raises:
        CoveyError: there is no map of that name.
    """
    if name not in COLOUR_MAPS:
        hint = did_you_mean(name, COLOUR_MAPS) or " All that matplotlib has are there, such as viridis or inferno_r."
        raise CoveyError(f"There is no colour map {name!r}.{hint}")
    forward = name.removesuffix(_REVERSED)
    table: NDArray[np.uint8] = _read_tables()[_ROWS.index(forward)]
    return table if name == forward else table[::-1]


@cache
def _read_tables() -> NDArray[np.uint8]:
    """Return all tables (maps, 256, 3) uint8."""
    from PIL import Image

    with Image.open(_TABLES) as picture:
        return np.asarray(picture)
