"""What the map can be coloured by: clusters, labels, recordings and the columns of a dataset's metadata."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from covey import Labels
from covey.frontend import GREY, NOISE, PALETTE, column_kind
from covey_dashboard.data.caching import cached
from covey_dashboard.data.datasets import OpenEmbedding, list_names
from covey_dashboard.data.labels import ImageLabels
from covey_dashboard.data.metadata import METADATA_TTL, dataset_metadata, encode_groups
from covey_dashboard.widgets import value_colours

MOST_COLOURS = 256
"""Colours that the map can hold."""
NEIGHBOURS = 6
"""Groups around each that must have other colours."""
MOST_NEIGHBOURS = 2000
"""Groups up to which neighbours are looked for."""


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
    slots: Mapping[int, int] | None = None
    """Where the colour of each group stands in the palette; None for one group after another."""
    in_tooltip: bool = False
    """Whether the tooltip names the group; it names cluster, label and recording in any case."""


def colour_by_cluster(clusters: Labels, places: NDArray[np.float32] | None = None) -> Colouring:
    """Return the colours of groups; they depend on the number alone, unless neighbours on the map would look alike.

    Args:
        clusters: the group of each image (n,), -1 for noise.
        places: where each image lies on the map (n, 2).
    """
    groups = np.unique(clusters[clusters != NOISE])
    names = {int(group): str(group) for group in groups}
    slots = None
    if places is not None and len(PALETTE) < len(groups) <= MOST_NEIGHBOURS:
        slots = tell_neighbours_apart(groups.tolist(), _find_centres(clusters, places), len(PALETTE))
    return Colouring(title="group", codes=clusters, names=names, slots=slots)


def _find_centres(clusters: Labels, places: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the middle of each group on the map (k, 2), in the order of their numbers."""
    is_grouped = (clusters != NOISE) & np.isfinite(places).all(axis=1)
    _, codes = np.unique(clusters[clusters != NOISE], return_inverse=True)
    codes_of_images = np.zeros(len(clusters), dtype=np.intp)
    codes_of_images[clusters != NOISE] = codes
    counts = np.maximum(1, np.bincount(codes_of_images[is_grouped], minlength=int(codes.max(initial=0)) + 1))
    sums = [
        np.bincount(codes_of_images[is_grouped], places[is_grouped, axis], minlength=len(counts)) for axis in (0, 1)
    ]
    centres: NDArray[np.float64] = np.stack(sums, axis=1) / counts[:, None]
    return centres


def tell_neighbours_apart(groups: Sequence[int], centres: NDArray[np.float64], colour_count: int) -> dict[int, int]:
    """Return for each group the place of its colour in a palette after that of none, so that neighbours differ.

    A group keeps the colour of its number, unless one of its neighbours has that already.

    Args:
        groups: the numbers of the groups (k,), ascending.
        centres: where each lies (k, 2).
        colour_count: colours, without that of none.
    """
    distances = ((centres[:, None] - centres[None]) ** 2).sum(axis=2)
    neighbours = np.argsort(distances, axis=1)[:, 1 : NEIGHBOURS + 1]
    slots: dict[int, int] = {}
    for index, group in enumerate(groups):
        near = [slots[groups[other]] for other in neighbours[index] if groups[other] in slots]
        candidates = [(group + step) % colour_count + 1 for step in range(colour_count)]
        slots[group] = next((slot for slot in candidates if slot not in near), candidates[0])
    return slots


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
    """Return the colours of groups that have names: the most frequent have one each, the rest is grey."""
    slots = None
    if len(names) > len(PALETTE):
        by_size = np.argsort(-np.bincount(codes[codes != NOISE], minlength=len(names)), kind="stable")
        slots = {code: slot for slot, code in enumerate(by_size[: len(PALETTE)].tolist(), 1)}
    return Colouring(title=title, codes=codes, names=names, is_named=False, slots=slots)


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
    values = dataset_metadata(opened.location).of(list_names(opened))[name]
    if column_kind(values) == "number":
        numbers = np.array([np.nan if value is None else float(value) for value in values])
        return attrs.evolve(colour_by_value(name, numbers), in_tooltip=True)
    texts = ["" if value is None else str(value) for value in values]
    return attrs.evolve(colour_by_group(name, *encode_groups(texts)), in_tooltip=True)
