"""Profiles: how clusters change along one option."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from covey._base.errors import CoveyError, did_you_mean
from covey._base.progress import SILENT, Progress
from covey.components import options
from covey.components.contracts import Clusterer, Floats, Labels, Prepared, fill_options
from covey.components.options import Option, Scalar
from covey.data.tables import NOISE

SPAN, TRIES = 8, 25
"""By default an option is varied by this factor around its value, at this number of values."""
STABLE = 5
"""The fewest values in a row, with the same number of clusters, that make a plateau."""


@attrs.frozen(kw_only=True, eq=False)
class Profile:
    """How clusters change along one option of a clusterer.

    Attributes:
        option: name of the option.
        values: the values that were tried, (m,).
        clusters: number of clusters at each value, (m,).
        noise: share of the images that is noise, (m,).
        largest: share of the images in the largest cluster, (m,).
        plateaus: first and last value of each stretch in which the number of clusters, at least two, stays the same.
        suggested: the value that the data suggest, if they suggest one.
        reason: why they suggest it; "" if the clusterer does not say.
    """

    option: str
    values: Sequence[Scalar]
    clusters: NDArray[np.intp]
    noise: NDArray[np.float64]
    largest: NDArray[np.float64]
    plateaus: Sequence[tuple[Scalar, Scalar]]
    suggested: Scalar | None
    reason: str = ""


def profile_option(
    clusterer: Clusterer,
    Z: Floats,
    option: str,
    values: Sequence[Scalar] = (),
    prepared: Prepared | None = None,
    progress: Progress = SILENT,
) -> Profile:
    """Cluster the same data at several values of one option, and measure the clusters at each.

    Args:
        clusterer: the clusterer, with the other options; fast if it has prepared the data.
        Z: the array to cluster, (n, k) float32.
        option: the name of the option.
        values: the values to try; by default those at which the prepared labels change, or values around the current
            one.
        prepared: the return value of `clusterer.prepare(Z)`.
        progress: reports each value.

    Raises:
        CoveyError: there is no such option, it does not allow a value, or no values can be chosen.
    """
    declared = _find_option(clusterer, option)
    clusterer, _ = fill_options(clusterer, Z, prepared)
    suggested = prepared.suggest(option) if prepared else None
    values = list(values) or _choose_values(clusterer, declared, prepared, suggested)
    measurements: list[tuple[int, float, float]] = []
    with progress.step(f"{clusterer.name} along {option}", len(values), "value") as step:
        for value in values:
            variant = options.evolve(clusterer, **{option: value})
            measurements.append(step.tick(_measure_clusters(_cluster(variant, Z, prepared))))
    clusters = np.array([count for count, _, _ in measurements], dtype=np.intp)
    return Profile(
        option=option,
        values=values,
        clusters=clusters,
        noise=np.array([noise for _, noise, _ in measurements], dtype=np.float64),
        largest=np.array([largest for _, _, largest in measurements], dtype=np.float64),
        plateaus=[(values[first], values[last]) for first, last in _find_plateaus(clusters.tolist())],
        suggested=suggested,
        reason=prepared.explain(option) if prepared and suggested is not None else "",
    )


def _choose_values(
    clusterer: Clusterer, option: Option, prepared: Prepared | None, suggested: float | None
) -> list[Scalar]:
    candidates = prepared.values(option.name) if prepared else ()
    if not candidates:
        return _values_around(clusterer, option)
    return [*sorted({*candidates, *([] if suggested is None else [suggested])})]


def _values_around(clusterer: Clusterer, option: Option) -> list[Scalar]:
    """Return all choices of an option, or numbers around its value, evenly spaced by ratio and within its bounds."""
    current = getattr(clusterer, option.name)
    if option.type is bool:
        return [False, True]
    if option.choices is not None:
        return options.allowed_choices(clusterer, option.name) or []
    if option.type is str or option.many or current is None:
        raise CoveyError(f"{clusterer.name}: no values of {option.name!r} can be chosen: give the values to try.")
    spaced_numbers: list[float] = ((current or 1) * np.geomspace(1 / SPAN, SPAN, TRIES)).tolist()
    candidates = [round(number) if option.type is int else float(f"{number:.3g}") for number in spaced_numbers]
    return [number for number in dict.fromkeys(candidates) if _is_allowed(option, number)]


def _find_option(clusterer: Clusterer, name: str) -> Option:
    declared = {option.name: option for option in options.options(type(clusterer))}
    if name not in declared:
        listing = f"Its options: {', '.join(declared)}." if declared else "It has no options."
        raise CoveyError(f"{clusterer.name}: there is no option {name!r}.{did_you_mean(name, declared)} {listing}")
    if not declared[name].counts(options.option_values(clusterer)):
        condition = declared[name].condition
        raise CoveyError(f"{clusterer.name}: option {name!r} makes a difference only if {condition}: set that too.")
    return declared[name]


def _is_allowed(option: Option, number: float) -> bool:
    try:
        option.convert(number)
    except ValueError:
        return False
    return True


def _cluster(clusterer: Clusterer, Z: Floats, prepared: Prepared | None) -> Labels:
    quick_labels = prepared.labels(clusterer) if prepared else None
    return clusterer.cluster(Z) if quick_labels is None else quick_labels


def _measure_clusters(labels: Labels) -> tuple[int, float, float]:
    """Return the number of clusters, the share of noise and that of the largest cluster."""
    if not len(labels):
        return 0, 0.0, 0.0
    cluster_sizes = np.bincount(labels[labels != NOISE])
    return (
        len(cluster_sizes),
        1 - float(cluster_sizes.sum()) / len(labels),
        float(cluster_sizes.max(initial=0)) / len(labels),
    )


def _find_plateaus(clusters: Sequence[int]) -> list[tuple[int, int]]:
    """Return the first and last position of each stretch of at least STABLE equal numbers above 1."""
    plateaus: list[tuple[int, int]] = []
    start = 0
    for count, run in itertools.groupby(clusters):
        end = start + len(list(run))
        if end - start >= STABLE and count > 1:
            plateaus.append((start, end - 1))
        start = end
    return plateaus
