"""What the map can be coloured by: clusters, labels, recordings and the columns of a dataset's metadata."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from covey.frontend import GREY, NOISE
from covey_dashboard.data.image_labels import ImageLabels
from covey_dashboard.widgets import value_colours as colours
from covey_dashboard.widgets.map_view import Colouring

MOST = 256
"""Colours that the map can hold."""


def by_cluster(clusters: NDArray[np.int32]) -> Colouring:
    """Return the colours of clusters; they depend on the number of a cluster alone."""
    return Colouring(title="cluster", codes=clusters, names={int(one): str(one) for one in np.unique(clusters)})


def by_class(image_labels: ImageLabels) -> Colouring:
    """Return the colours of labels: of an image with several the colour of the first."""
    colour = {one.name: one.colour for one in image_labels.classes}
    palette = [GREY, *(colour[kind[0]] for kind in image_labels.kinds)]
    return Colouring(title="label", codes=image_labels.codes, names=image_labels.told, palette=palette[:MOST])


def by_group(title: str, codes: NDArray[np.int32], names: Sequence[str]) -> Colouring:
    """Return the colours of groups that have names."""
    return Colouring(title=title, codes=codes, names=names, named=False)


def by_value(title: str, values: NDArray[np.float64]) -> Colouring:
    """Return the colours of numbers, from dark to light."""
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if len(finite) else (0.0, 0.0)
    names = [f"{value:.4g}" for value in np.linspace(low, high, colours.STEPS)]
    return Colouring(
        title=title, codes=colours.steps(values), names=names, palette=[GREY, *colours.scale()], ordered=True
    )


def grouped(values: Sequence[str]) -> tuple[NDArray[np.int32], list[str]]:
    """Return texts as numbers (n,) int32, -1 where there is no text, and what the numbers mean."""
    names = sorted({*values} - {""})
    places = {name: place for place, name in enumerate(names)}
    return np.array([places.get(value, NOISE) for value in values], dtype=np.int32), names
