"""What the page Explore shows: an embedding with its clusters and labels, and how its images are drawn."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property

import attrs
import numpy as np
from numpy.typing import NDArray

from covey import Embedding, Labels
from covey.frontend import NOISE, NearestGroups, column_kind, count_noun, digest, nearest_rows
from covey_dashboard.data.caching import cached
from covey_dashboard.data.clusterings import describe_share
from covey_dashboard.data.datasets import OpenEmbedding, list_names, load_embedding, load_similarity_space
from covey_dashboard.data.image_filters.filters import (
    CategoryColumn,
    Filter,
    FilterColumn,
    Mask,
    MeasuredColumn,
    combine_filters,
)
from covey_dashboard.data.labels import ImageLabels, ObservedLabels, OutdatedLabels
from covey_dashboard.data.metadata import METADATA_TTL, dataset_metadata, recording_codes
from covey_dashboard.data.selection import (
    AllImages,
    ChosenImages,
    ImagesOfCluster,
    ImagesWithLabel,
    Rows,
    Selection,
    SimilarImages,
    select_rows,
)
from covey_dashboard.widgets import colouring
from covey_dashboard.widgets.colouring import Colouring
from covey_dashboard.widgets.map_view import FADED, FULL, HIDDEN, PALE, pack_points

MOST_LISTED = 300
"""Clusters in the list, the largest; the others can be clicked on the map."""
MOST_SIMILAR = 200
"""Images that are shown as most like others."""
GROUP, LABEL, RECORDING = "group", "label", "recording"
LEAST_ADDED = 8
"""Images that are added to a selection at once, at least."""
MOSTLY = 0.5
"""The share of one recording in the selected images from which on that is said."""


@attrs.frozen
class MapOptions:
    """How the map is drawn.

    Attributes:
        colour_by: what the colours say.
        labelled: whether labelled images are shown, grey or hidden.
        density: whether lines show where images are dense.
    """

    colour_by: str
    labelled: str
    density: bool


@attrs.define(kw_only=True, eq=False, slots=False)
class ExploreView:
    """The open embedding with its table, the clusters of its images (n,), and the labels as they were observed.

    `nearest` has the groups that noise may belong to; None where there are too many images, or that is not known yet.
    `hidden_groups` are the numbers of hidden groups, `filters` those of columns by name.
    """

    opened: OpenEmbedding
    table: Embedding
    observed: ObservedLabels | None
    outdated: OutdatedLabels
    image_labels: ImageLabels
    clusters: Labels
    nearest: NearestGroups | None
    hidden_groups: frozenset[int] = frozenset()
    filters: Mapping[str, Filter] = attrs.field(factory=dict)
    sizes: dict[int, int] = attrs.field(init=False)
    """The number of images of each cluster, the largest first, noise last."""

    @sizes.default
    def _sizes(self) -> dict[int, int]:
        clusters, counts = np.unique(self.clusters, return_counts=True)
        size_by_cluster = dict(zip(clusters.tolist(), counts.tolist(), strict=True))
        return dict(sorted(size_by_cluster.items(), key=_by_size))

    @property
    def names(self) -> list[str]:
        """The names of the images."""
        return list_names(self.opened)

    @cached_property
    def columns(self) -> list[FilterColumn]:
        """What the images can be filtered by: labels, recordings and the columns of the metadata."""
        labels = CategoryColumn(name=LABEL, codes=self.image_labels.codes, texts=self.image_labels.combination_titles)
        codes, recordings = recording_codes(self.opened)
        recording = CategoryColumn(name=RECORDING, codes=codes, texts=recordings)
        return [
            *([labels] if self.image_labels.by_image else []),
            *([recording] if len(recordings) > 1 else []),
            *metadata_columns(self.opened),
        ]

    @cached_property
    def is_passing(self) -> Mask:
        """Which images pass all filters (n,)."""
        columns = self.columns if self.filters else []  # reading them takes a while
        return combine_filters(columns, self.filters, len(self.clusters))

    def rows(self, selection: Selection, options: MapOptions) -> Rows:
        """Return the rows of the images that are selected and not hidden."""
        rows = self.selected_rows(selection)
        return rows[~self.hidden(selection, options)[rows]]

    def selected_rows(self, selection: Selection) -> Rows:
        """Return the rows of the images that are selected, hidden or not."""
        by_image = self.image_labels.by_image
        return select_rows(selection, self.names, self.clusters, self.table.map, by_image, self.read_column)

    def read_column(self, name: str) -> list[str]:
        """Return the values of a column (n,) in words, "" for none."""
        column = next((column for column in self.columns if column.name == name), None)
        if not isinstance(column, CategoryColumn):
            return [""] * len(self.clusters)
        texts = [*column.texts, ""]
        return [texts[code] for code in column.codes.tolist()]

    def hidden(self, selection: Selection, options: MapOptions) -> Mask:
        """Return which images are hidden (n,); those that are just what is selected never are, but by filters."""
        shown_groups = {selection.cluster} if isinstance(selection, ImagesOfCluster) else set()
        is_hidden = ~self.is_passing
        if hidden_groups := self.hidden_groups - shown_groups:
            is_hidden = is_hidden | np.isin(self.clusters, list(hidden_groups))
        if options.labelled == "hidden" and not isinstance(selection, ImagesWithLabel):
            is_hidden = is_hidden | (self.image_labels.codes >= 0)
        return is_hidden

    def states(self, selection: Selection, options: MapOptions, rows: Rows) -> NDArray[np.uint8]:
        """Return how each image is drawn (n,): what is selected in full, the others faded, noise pale."""
        states = np.where(self.clusters == NOISE, PALE, FULL).astype(np.uint8)
        if not isinstance(selection, AllImages):
            states[:] = FADED
            states[rows] = FULL
        if options.labelled == "grey":
            states[self.image_labels.codes >= 0] = FADED
        states[self.hidden(selection, options)] = HIDDEN
        return states

    def colouring(self, colour_by: str) -> Colouring:
        """Return the colours of the images.

        Raises:
            CoveyError: the metadata cannot be read.
        """
        if colour_by == GROUP:
            return colouring.colour_by_cluster(self.clusters, self.table.map)
        if colour_by == LABEL:
            return colouring.colour_by_class(self.image_labels)
        if colour_by == RECORDING:
            return colouring.colour_by_group(colour_by, *recording_codes(self.opened))
        return colouring.colour_by_column(self.opened, colour_by)

    def list_selections(self) -> list[Selection]:
        """Return what can be chosen from a list: everything, the clusters, noise, the labels."""
        clusters = [cluster for cluster in self.sizes if cluster != NOISE][:MOST_LISTED]
        noise = [NOISE] if NOISE in self.sizes else []
        by_cluster = [ImagesOfCluster(cluster) for cluster in [*clusters, *noise]]
        by_label = [ImagesWithLabel(label_class.name) for label_class in self.image_labels.classes]
        return [AllImages(), *by_cluster, *by_label]

    def title(self, selection: Selection, image_count: int) -> str:
        """Return what a selection is called in the list, and how many images it has.

        Args:
            selection: any selection.
            image_count: the images that are selected now, for a selection that is not in the list by itself.
        """
        if isinstance(selection, AllImages):
            return f"All {count_noun(len(self.clusters), 'image')}"
        if isinstance(selection, ImagesOfCluster):
            image_count = self.sizes.get(selection.cluster, 0)
        if isinstance(selection, ImagesWithLabel):
            count_by_class = {label_class.name: label_class.count for label_class in self.image_labels.classes}
            image_count = count_by_class.get(selection.label, 0)
        return f"{selection.in_words}: {count_noun(image_count, 'image')}"

    def nearest_of(self, rows: Rows) -> NearestGroups | None:
        """Return the groups that some images may belong to."""
        return self.nearest and NearestGroups(self.nearest.clusters[rows], self.nearest.confidence[rows])

    def describe_groups(self) -> list[str]:
        """Return how many groups there are, and how many images are left out, in words."""
        group_count = sum(cluster != NOISE for cluster in self.sizes)
        left_out = describe_share(self.sizes.get(NOISE, 0), len(self.clusters))
        return [count_noun(group_count, "group"), f"{left_out} left out"]

    def describe_filters(self) -> list[str]:
        """Return how many images pass the filters, in words; nothing without filters."""
        return (
            [f"{int(self.is_passing.sum()):,} of {len(self.clusters):,} images pass the filters"]
            if self.filters
            else []
        )

    def describe_recordings(self, rows: Rows) -> str:
        """Return the share of some images that is from one recording, in words; "" unless that is most of them."""
        codes = recording_codes(self.opened)[0][rows]
        known_codes = codes[codes >= 0]
        share = np.bincount(known_codes).max() / len(rows) if len(known_codes) else 0
        return f"{share:.0%} of these images are from one recording." if share > MOSTLY else ""

    def selection_key(self, selection: Selection) -> str:
        """Return what tells a selection from others: that of a group is that of its images."""
        if isinstance(selection, ImagesOfCluster | ChosenImages):
            rows = self.selected_rows(selection)
            return digest([self.opened.identity, hashlib.sha256(rows.astype("<i4").tobytes()).hexdigest()])
        return f"{self.opened.identity} {selection}"

    def select_similar(self, names: Sequence[str]) -> Selection:
        """Return the images that are most like some others, by their features if the dataset has them."""
        rows = np.flatnonzero(np.isin(self.table.names, names))
        similar_rows = nearest_rows(load_similarity_space(self.opened), rows, MOST_SIMILAR)
        return SimilarImages(tuple(similar_rows.tolist()))

    def find_more(self, selected: Rows, left_out: Rows, hidden: Mask) -> Rows:
        """Return the rows that are most like selected ones: a tenth as many, at least LEAST_ADDED.

        Args:
            selected: the rows of the images of which more are wanted.
            left_out: rows that a person took out.
            hidden: which images are not shown (n,).
        """
        near_rows = nearest_rows(load_similarity_space(self.opened), selected, len(self.clusters))
        new_rows = near_rows[~hidden[near_rows] & ~np.isin(near_rows, left_out)]
        return new_rows[: max(LEAST_ADDED, len(selected) // 10)]


def _by_size(cluster_and_size: tuple[int, int]) -> tuple[bool, int, int]:
    """Return where a cluster comes in the list."""
    cluster, size = cluster_and_size
    return cluster == NOISE, -size, cluster


@cached(max_entries=4)
def pack_embedding(opened: OpenEmbedding) -> bytes:
    """Return the images of an embedding as the map takes them.

    Raises:
        CoveyError: a file cannot be read.
    """
    table = load_embedding(opened)
    return pack_points(opened.identity, list_names(opened), table.map, *recording_codes(opened))


@cached(max_entries=4, ttl=METADATA_TTL)
def metadata_columns(opened: OpenEmbedding) -> list[FilterColumn]:
    """Return the columns of the metadata by which the images of an embedding can be filtered: with two values or more.

    Raises:
        CoveyError: the metadata cannot be read.
    """
    columns: list[FilterColumn] = []
    table = dataset_metadata(opened.location).of(list_names(opened))
    for name, values in table.items():
        if column_kind(values) == "number":
            numbers = np.array([np.nan if value is None else float(value) for value in values])
            columns.append(MeasuredColumn(name=name, numbers=numbers))
        else:
            columns.append(CategoryColumn.of(name, ["" if value is None else str(value) for value in values]))
    return [column for column in columns if _is_telling(column)]


def _is_telling(column: FilterColumn) -> bool:
    """Whether a column tells some images from others, and not each from each."""
    if isinstance(column, MeasuredColumn):
        return len(np.unique(column.numbers[np.isfinite(column.numbers)])) > 1
    return 1 <= len(column.texts) < max(2, len(column.codes) // 2) and len(np.unique(column.codes)) > 1
