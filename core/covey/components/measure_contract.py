"""The contract of measures: numbers that say how good a clustering is."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal

import attrs
import numpy as np
from numpy.typing import NDArray

from covey.components.contracts import Clusterer, Component, Floats, Labels

if TYPE_CHECKING:
    from covey.data.tables import Clustering, Names

Codes = NDArray[np.intp]
"""A number for each image (n,): equal for equal classes or recordings."""
PointSource = Literal["clustered", "embedding", "features"]
"""The table whose rows a measure asks for: the one that was clustered, an embedding, or the features."""
ScoreFormat = Literal["number", "share", "count"]
"""How a score is written: 0.123, 12 % or 1,234."""


def _read_nothing(source: PointSource) -> Floats | None:
    return None


@attrs.frozen(kw_only=True, eq=False, slots=False)
class MeasuredClustering:
    """One clustering, and what is known of its images: what measures are computed from.

    Attributes:
        clustering: the images and their clusters.
        clusterer: the component that made it; None if it is not installed, or has another version.
        siblings: clusterings of the same images that differ only in the reducer's seed.
        classes: the class that a person gave to each image that has one, by image; None without labels.
        recording_by_image: the recording of each image whose recording is known.
        read_points: reads the rows (n, d) float32 of a table, in the order of `labels`; None if the dataset lacks it.
    """

    clustering: Clustering
    clusterer: Clusterer | None = None
    siblings: Sequence[Clustering] = ()
    classes: Mapping[str, str] | None = None
    recording_by_image: Mapping[str, str] = {}
    read_points: Callable[[PointSource], Floats | None] = _read_nothing

    @property
    def labels(self) -> Labels:
        """The cluster of each image (n,) int32; -1 is noise."""
        return self.clustering.labels

    @property
    def points(self) -> Floats | None:
        """What was clustered (n, d) float32: an embedding or features; None if the dataset lacks it."""
        return self.read_points("clustered")

    @property
    def embedding(self) -> Floats | None:
        """What was clustered, if that is an embedding; else an embedding (n, k) float32 made from the same features."""
        return self.read_points("embedding")

    @property
    def features(self) -> Floats | None:
        """The features (n, d) float32 from which it was made; None if the dataset lacks them."""
        return self.read_points("features")

    @cached_property
    def truth(self) -> Codes | None:
        """The class of each image as a number (n,), -1 for those without one; None without labels."""
        if self.classes is None:
            return None
        names: list[str] = self.clustering.names.tolist()
        is_labelled = np.array([name in self.classes for name in names], dtype=np.bool_)
        return np.where(is_labelled, number_values(self.clustering.names, self.classes), -1)

    @cached_property
    def recordings(self) -> Codes:
        """The recording of each image as a number (n,); an image without a known recording is one of its own."""
        return number_values(self.clustering.names, self.recording_by_image)


def number_values(names: Names, values: Mapping[str, str]) -> Codes:
    """Return a number for the value of each name, (n,): equal for equal values, and unique for names without one."""
    number_of_value = {value: number for number, value in enumerate(sorted(set(values.values())))}
    name_list: list[str] = names.tolist()
    codes = [
        number_of_value[values[name]] if name in values else len(number_of_value) + row
        for row, name in enumerate(name_list)
    ]
    return np.asarray(codes, dtype=np.intp)


class Measure(Component):
    """Gives a clustering a number: a column of `covey compare`, of the report and of the page Compare."""

    heading: ClassVar[str] = ""
    """Heading of its column; by default its name."""
    meaning: ClassVar[str] = ""
    """What the number says, below the table: a phrase without a full stop; by default the docstring's first line."""
    score_format: ClassVar[ScoreFormat] = "number"
    """How the number is written: with three decimals, as a percentage, or as a whole number."""
    higher_is_better: ClassVar[bool] = True
    """Whether sorting by it puts the highest first."""
    needs_labels: ClassVar[bool] = False
    """Whether it compares with labels of people, so that it is left out where there are none."""
    once_per: ClassVar[PointSource | None] = None
    """The table on which alone it depends, besides labels and recordings: computed once for all its clusterings."""
    detail: ClassVar[bool] = False
    """Whether only `covey evaluate` shows it."""

    @abstractmethod
    def compute(self, clustering: MeasuredClustering) -> float | None:
        """Return the number; None if it cannot be computed here.

        Whatever it raises costs the cell alone, which then says why.

        Args:
            clustering: names (n,), labels (n,) int32, and the tables and labels that they go with.

        Raises:
            CoveyError: it cannot be computed, for a reason that a person should read.
        """


class AgreementMeasure(Measure):
    """Compares clusters with labels of people, and two clusterings with each other; 1 means the same groups."""

    needs_labels = True
    symmetric: ClassVar[bool] = True
    """Whether both groupings can be exchanged; if not, two clusterings are not compared by it."""

    @abstractmethod
    def agree(self, first: Codes, second: Codes) -> float:
        """Return how well two groupings of the same m images agree.

        Args:
            first: the group of each image (m,), m >= 1; classes of people where clusters are compared with them.
            second: the group of each image in the other grouping (m,). In clusterings -1, noise, is one more group.
        """

    def compute(self, clustering: MeasuredClustering) -> float | None:
        """Return how well the clusters agree with the labels, over the images with a label."""
        return self._agree_with_labels(clustering, np.ones(len(clustering.labels), dtype=np.bool_))

    def compute_without_noise(self, clustering: MeasuredClustering) -> float | None:
        """Return the same over the images in clusters; None if no image with a label is in one."""
        return self._agree_with_labels(clustering, clustering.labels >= 0)

    def _agree_with_labels(self, clustering: MeasuredClustering, compared: NDArray[np.bool_]) -> float | None:
        if clustering.truth is None:
            return None
        rows = compared & (clustering.truth >= 0)
        return self.agree(clustering.truth[rows], clustering.labels[rows].astype(np.intp)) if rows.any() else None
