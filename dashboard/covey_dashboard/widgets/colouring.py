"""What the map can be coloured by: clusters, labels, recordings and the columns of a dataset's metadata."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from covey import Labels
from covey.frontend import GREY, PALETTE, column_kind
from covey_dashboard.data.caching import cached
from covey_dashboard.data.datasets import OpenEmbedding, load_embedding
from covey_dashboard.data.labels import ImageLabels
from covey_dashboard.data.metadata import METADATA_TTL, dataset_metadata, encode_groups
from covey_dashboard.widgets import value_colours

MOST_COLOURS = 256
"""Colours that the map can hold."""


@attrs.frozen(kw_only=True, eq=False)
class Colouring:
    """What the colours say: the group of each image as `codes` (n,) int32, -1 for none, and what each is called."""

    title: str
    codes: Labels
    names: Mapping[int, str] | Sequence[str]
    palette: Sequence[str] = (GREY, *PALETTE)
    is_named: bool = True
    """Whether the names of groups stand where these lie."""
    is_scale: bool = False
    """Whether the groups are steps of a scale."""
    has_legend: bool = True
    """Whether the largest groups are in the legend."""
    in_tooltip: bool = False
    """Whether the tooltip names the group; it names cluster, label and recording in any case."""


def colour_by_cluster(clusters: Labels) -> Colouring:
    """Return the colours of clusters; they depend on the number of a cluster alone."""
    names = {int(cluster): str(cluster) for cluster in np.unique(clusters)}
    return Colouring(title="cluster", codes=clusters, names=names)


def colour_by_class(image_labels: ImageLabels) -> Colouring:
    """Return the colours of labels: of an image with several the colour of the first."""
    colour_by_name = {label_class.name: label_class.colour for label_class in image_labels.classes}
    palette = [GREY, *(colour_by_name[combination[0]] for combination in image_labels.combinations)]
    return Colouring(
        title="label",
        codes=image_labels.codes,
        names=image_labels.combination_titles,
        palette=palette[:MOST_COLOURS],
    )


def colour_by_group(title: str, codes: Labels, names: Sequence[str]) -> Colouring:
    """Return the colours of groups that have names."""
    return Colouring(title=title, codes=codes, names=names, is_named=False)


def colour_by_value(title: str, values: NDArray[np.float64]) -> Colouring:
    """Return the colours of numbers, from dark to light."""
    finite_values = values[np.isfinite(values)]
    least, greatest = (finite_values.min(), finite_values.max()) if len(finite_values) else (0.0, 0.0)
    names = [f"{value:.4g}" for value in np.linspace(least, greatest, value_colours.STEPS)]
    palette = [GREY, *value_colours.colour_scale()]
    return Colouring(title=title, codes=value_colours.scale_steps(values), names=names, palette=palette, is_scale=True)


@cached(spinner="Reading the metadata", max_entries=8, ttl=METADATA_TTL)
def colour_by_column(opened: OpenEmbedding, name: str) -> Colouring:
    """Return the colours that a column of the metadata gives the images.

    Raises:
        CoveyError: a file cannot be read.
    """
    values = dataset_metadata(opened.location).of(load_embedding(opened).names.tolist())[name]
    if column_kind(values) == "number":
        numbers = np.array([np.nan if value is None else float(value) for value in values])
        return attrs.evolve(colour_by_value(name, numbers), in_tooltip=True)
    texts = ["" if value is None else str(value) for value in values]
    return attrs.evolve(colour_by_group(name, *encode_groups(texts)), in_tooltip=True)
