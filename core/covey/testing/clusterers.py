"""The contract of clusterers."""

from __future__ import annotations

from typing import Any

import numpy as np

from covey.components.contracts import Clusterer, Floats, Labels
from covey.testing.assertions import check_array, equal, expect, expected, tidy, untouched
from covey.testing.component_checks import built
from covey.testing.imports import check_import
from covey.testing.samples import grouped


def check_clusterer(cls: type[Clusterer], **given: Any) -> None:
    """Check a clusterer with the options `given`: on 120 rows in three groups, on none, on one, and on bad values."""
    clusterer = built(cls, given)
    told = f"{cls.name}.takes must be 'embedding' or 'features', not {cls.takes!r}"
    expect(cls.takes in ("embedding", "features"), told)
    Z = np.repeat(grouped(60, 8, 3)[0], 2, axis=0)
    with tidy(cls.name):
        labels = _labelled(clusterer, Z)
    _check_labels(cls.name, labels)
    expect(equal([labels], [_labelled(built(cls, given), Z)]), f"{cls.name}: equal options must give equal labels")
    alike = bool((labels[::2] == labels[1::2]).all())
    expect(alike, f"{cls.name}: the labels must be in the order of the rows: equal rows must get equal labels")
    for count in (0, 1):
        _labelled(clusterer, Z[:count])
    _check_refused(clusterer, Z)
    _check_prepared(clusterer, Z, labels)
    check_import(cls)


def _labelled(clusterer: Clusterer, Z: Floats) -> Labels:
    with untouched(clusterer.name, Z):
        try:
            labels = clusterer.cluster(Z)
        except Exception as error:
            raise AssertionError(f"{clusterer.name} must cluster {len(Z)} rows, but raises {error!r}") from error
    check_array(clusterer.name, labels, (len(Z),), np.dtype(np.int32))
    return labels


def _check_labels(name: str, labels: Labels) -> None:
    found = np.unique(labels[labels != -1])
    told = f"{name}: labels must be -1 or 0, 1, 2, ... without gaps, not {found.tolist()}"
    expect(found.tolist() == list(range(len(found))), told)


def _check_refused(clusterer: Clusterer, Z: Floats) -> None:
    bad = Z.copy()
    bad[0, 0] = np.nan
    with expected(f"{clusterer.name}: values that are no finite numbers must raise CoveyError: call check_finite"):
        clusterer.cluster(bad)


def _check_prepared(clusterer: Clusterer, Z: Floats, labels: Labels) -> None:
    with untouched(clusterer.name, Z):
        prepared = clusterer.prepare(Z)
    if prepared is not None:
        told = f"{clusterer.name}: for the options it was prepared with, the labels must be those of cluster"
        found = prepared.labels(clusterer)
        expect(found is not None and equal([found], [labels]), told)
