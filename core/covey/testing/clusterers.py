"""Checks of the contract of clusterers."""

from __future__ import annotations

import numpy as np

from covey.components.contracts import Clusterer, Floats, Labels
from covey.components.table_kinds import TableKind
from covey.data.tables import NOISE
from covey.testing.assertions import (
    are_identical,
    check_array,
    expect,
    keeps_input,
    raises_covey_error,
    writes_no_files,
)
from covey.testing.component_checks import build_checked
from covey.testing.imports import check_import
from covey.testing.samples import random_groups


def check_clusterer(cls: type[Clusterer], **settings: object) -> None:
    """Check a clusterer with these options: on 120 rows in three groups, on no row, on one row, and on NaN.

    Raises:
        AssertionError: it breaks the contract.
    """
    clusterer = build_checked(cls, settings)
    message = f"{cls.name}.takes must be TableKind.EMBEDDING or TableKind.FEATURES, not {cls.takes!r}"
    expect(cls.takes in (TableKind.EMBEDDING, TableKind.FEATURES), message)
    Z = np.repeat(random_groups(60, 8, 3)[0], 2, axis=0)
    with writes_no_files(cls.name):
        labels = _cluster_rows(clusterer, Z)
    _check_numbering(cls.name, labels)
    labels_again = _cluster_rows(build_checked(cls, settings), Z)
    expect(are_identical([labels], [labels_again]), f"{cls.name}: equal options must give equal labels")
    is_ordered = bool((labels[::2] == labels[1::2]).all())
    expect(is_ordered, f"{cls.name}: the labels must be in the order of the rows: equal rows must get equal labels")
    for count in (0, 1):
        _cluster_rows(clusterer, Z[:count])
    _check_nan_in_embedding(clusterer, Z)
    _check_preparation(clusterer, Z, labels)
    check_import(cls)


def _cluster_rows(clusterer: Clusterer, Z: Floats) -> Labels:
    with keeps_input(clusterer.name, Z):
        try:
            labels = clusterer.cluster(Z)
        except Exception as error:
            raise AssertionError(f"{clusterer.name} must cluster {len(Z)} rows, but raises {error!r}") from error
    check_array(clusterer.name, labels, (len(Z),), np.dtype(np.int32))
    return labels


def _check_numbering(name: str, labels: Labels) -> None:
    clusters = np.unique(labels[labels != NOISE]).tolist()
    message = f"{name}: labels must be -1 or 0, 1, 2, ... without gaps, not {clusters}"
    expect(clusters == list(range(len(clusters))), message)


def _check_nan_in_embedding(clusterer: Clusterer, Z: Floats) -> None:
    Z = Z.copy()
    Z[0, 0] = np.nan
    with raises_covey_error(f"{clusterer.name}: NaN and infinity must raise CoveyError: call check_finite"):
        clusterer.cluster(Z)


def _check_preparation(clusterer: Clusterer, Z: Floats, labels: Labels) -> None:
    with keeps_input(clusterer.name, Z):
        preparation = clusterer.prepare(Z)
    if preparation is not None:
        prepared_labels = preparation.labels(clusterer)
        message = f"{clusterer.name}: with the options that it was prepared with, it must give the labels of cluster"
        expect(prepared_labels is not None and are_identical([prepared_labels], [labels]), message)
