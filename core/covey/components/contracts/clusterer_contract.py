"""The contract of clusterers, and of what they prepare."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np

from covey._base.errors import CoveyError
from covey._base.progress import SILENT, Progress
from covey.components.contracts.array_types import Floats, Labels
from covey.components.contracts.component_contract import Component, describe_changes
from covey.components.guard import guard_overrides
from covey.components.options import evolve, option_values
from covey.components.table_kinds import TableKind


class Clusterer(Component):
    """Groups images into clusters."""

    @property
    def tag(self) -> str:
        """Name, followed by each option that differs from its default."""
        return describe_changes(self)

    takes: ClassVar[TableKind] = TableKind.EMBEDDING
    """Kind of the tables that it clusters: embeddings (the reduced features) or features."""

    @property
    def takes_features(self) -> bool:
        """Whether it clusters features, not an embedding."""
        return self.takes == TableKind.FEATURES

    @abstractmethod
    def cluster(self, Z: Floats) -> Labels:
        """Return the cluster of each row.

        Equal options and input must give equal labels.

        Args:
            Z: embedding or features (n, k) float32; n may be 0 or 1.

        Returns:
            Labels (n,) int32: 0, 1, 2, ..., and -1 for noise.

        Raises:
            CoveyError: the rows cannot be clustered with these options.
        """

    def resolve(self, Z: Floats) -> Self:
        """Return a copy in which options left at None are filled in from the data; covey records their values.

        Raises:
            CoveyError: as `cluster` does.
        """
        return self

    def prepare(self, Z: Floats, progress: Progress = SILENT) -> Prepared | None:
        """Compute once what all values of the options marked `live=True` share; None if there is nothing to share.

        Raises:
            CoveyError: as `cluster` does.
        """
        return None


def cluster(clusterer: Clusterer, Z: Floats) -> Labels:
    """Cluster the rows of Z (n, k) and return their labels (n,) int32.

    Raises:
        CoveyError: the clusterer cannot cluster them, or returns labels of another shape.
    """
    labels = np.asarray(clusterer.cluster(Z), dtype=np.int32)
    if labels.shape != (len(Z),):
        raise CoveyError(f"{clusterer.name} must give {len(Z)} labels, but gave an array of shape {labels.shape}.")
    return labels


class Prepared(ABC):
    """What a clusterer has prepared for some data, to give labels for any values of its live options quickly."""

    def __init_subclass__(cls) -> None:
        """Guard what a plugin implements."""
        super().__init_subclass__()
        guard_overrides(cls)

    @abstractmethod
    def labels(self, clusterer: Any) -> Labels | None:
        """Return what `clusterer.cluster` returns for the same data; None if it needs another preparation."""

    def values(self, option: str) -> Sequence[float]:
        """Return the values of a numeric option at which the labels change, ascending; empty if unknown."""
        return ()

    def suggest(self, option: str) -> float | None:
        """Return the value of a numeric option that the data suggest; None if there is none."""
        return None

    def explain(self, option: str) -> str:
        """Return why `suggest` names its value, such as "11 groups; 9 to 13 between eps 0.31 and 0.38"; "" for none."""
        return ""


def fill_options(clusterer: Clusterer, Z: Floats, prepared: Prepared | None) -> tuple[Clusterer, dict[str, str]]:
    """Fill in the options left at None from the data.

    Args:
        clusterer: the clusterer.
        Z: the array to cluster, (n, k) float32.
        prepared: the return value of its `prepare(Z)`, which saves computing suggestions again.

    Returns:
        A copy with the values, as `clusterer.resolve(Z)` gives it, and the reason for each option that has one.

    Raises:
        CoveyError: as `resolve` does.
    """
    open_options = [name for name, setting in option_values(clusterer).items() if setting is None]
    suggestions = {name: prepared.suggest(name) for name in open_options} if prepared else {}
    suggested_settings = {name: suggestion for name, suggestion in suggestions.items() if suggestion is not None}
    reasons = {name: reason for name in suggested_settings if prepared and (reason := prepared.explain(name))}
    return evolve(clusterer, **suggested_settings).resolve(Z), reasons
