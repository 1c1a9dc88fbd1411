"""Profiles: how clusters change along one option."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from covey._base.errors import CoveyError, did_you_mean
from covey._base.progress import SILENT, Progress
from covey.components import options
from covey.components.contracts import Clusterer, Floats, Labels, Prepared
from covey.components.options import Option
from covey.data.tables import NOISE

SPAN, TRIES = 8, 25
"""How far around its value, as a factor, and at how many values an option is looked at of which nothing is known."""
STABLE = 5
"""Values in a row at which the number of clusters stays the same that make a plateau."""


@attrs.frozen(kw_only=True, eq=False)
class Profile:
    """How clusters change along one option of a clusterer.

    For each of the `values`: `clusters` (m,) whole numbers, and as shares of all images, `noise` (m,) and `largest`
    (m,), the size of the largest cluster. `plateaus` are the first and last value of each stretch in which the number
    of clusters, at least two, stays the same. `suggested` is the value that the data suggest, if they do.
    """

    option: str
    values: Sequence[Any]
    clusters: NDArray[np.intp]
    noise: NDArray[np.float64]
    largest: NDArray[np.float64]
    plateaus: Sequence[tuple[Any, Any]]
    suggested: Any


def profile_option(
    clusterer: Clusterer,
    Z: Floats,
    option: str,
    values: Sequence[Any] = (),
    prepared: Prepared | None = None,
    progress: Progress = SILENT,
) -> Profile:
    """Return how the clusters of some data change along an option, the others being as in `clusterer`.

    Args:
        clusterer: any clusterer; quick where it has prepared the data.
        Z: (n, k) float32, what it clusters.
        option: the name of the option.
        values: where to look; by default where the prepared data change, or else around the present value.
        prepared: what `clusterer.prepare(Z)` gave.
        progress: told of each value.

    Raises:
        CoveyError: there is no such option, or it does not allow a value.
    """
    clusterer, declared = clusterer.resolve(Z), _declared(clusterer, option)
    suggested = prepared.suggest(option) if prepared else None
    values = list(values) or _values(clusterer, declared, prepared, suggested)
    measurements = []
    with progress.step(f"{clusterer.name} along {option}", len(values), "value") as step:
        for value in values:
            variant = options.evolve(clusterer, **{option: value})
            measurements.append(step.tick(_measured(_labels(variant, Z, prepared))))
    clusters, noise, largest = np.array(measurements, dtype=np.float64).reshape(-1, 3).T
    return Profile(
        option=option,
        values=values,
        clusters=clusters.astype(np.intp),
        noise=noise,
        largest=largest,
        plateaus=[(values[first], values[last]) for first, last in _plateaus(clusters.astype(np.intp))],
        suggested=suggested,
    )


def values_around(clusterer: Clusterer, option: Option) -> list[Any]:
    """Return values around that of an option: all choices, or numbers evenly spaced by ratio, within its bounds."""
    current = getattr(clusterer, option.name)
    if option.type is bool or option.choices is not None:
        return [False, True] if option.type is bool else options.allowed_choices(clusterer, option.name) or []
    if option.type is str or option.many or current is None:
        raise CoveyError(f"{clusterer.name}: say at which values of {option.name!r} to look: they cannot be guessed.")
    numbers = (current or 1) * np.geomspace(1 / SPAN, SPAN, TRIES)
    tries = dict.fromkeys(round(x) if option.type is int else float(f"{x:.3g}") for x in numbers.tolist())
    return [x for x in tries if _allowed(option, x)]


def _values(clusterer: Clusterer, option: Option, prepared: Prepared | None, suggested: Any) -> list[Any]:
    candidates = prepared.values(option.name) if prepared else ()
    if not candidates:
        return values_around(clusterer, option)
    return sorted({*candidates, suggested} - {None})


def _declared(clusterer: Clusterer, name: str) -> Option:
    declared = {option.name: option for option in options.options(type(clusterer))}
    if name not in declared:
        listing = f"Its options: {', '.join(declared)}." if declared else "It has no options."
        raise CoveyError(f"{clusterer.name}: there is no option {name!r}.{did_you_mean(name, declared)} {listing}")
    return declared[name]


def _allowed(option: Option, value: Any) -> bool:
    try:
        option.convert(value)
    except ValueError:
        return False
    return True


def _labels(clusterer: Clusterer, Z: Floats, prepared: Prepared | None) -> Labels:
    quick = prepared.labels(clusterer) if prepared else None
    return clusterer.cluster(Z) if quick is None else quick


def _measured(labels: Labels) -> tuple[int, float, float]:
    """Return the number of clusters, the share of noise and that of the largest cluster."""
    sizes = np.bincount(labels[labels != NOISE])
    images = max(1, len(labels))
    return len(sizes), 1 - float(sizes.sum()) / images if len(labels) else 0.0, float(sizes.max(initial=0)) / images


def _plateaus(clusters: NDArray[np.intp]) -> list[tuple[int, int]]:
    changes = np.flatnonzero(np.diff(clusters)) + 1
    runs = zip([0, *changes], [*changes, len(clusters)], strict=True) if len(clusters) else ()
    return [(first, end - 1) for first, end in runs if end - first >= STABLE and clusters[first] > 1]
