"""What the page Explore shows: an embedding with its clusters and labels, and how its images are drawn."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from covey import Embedding, Labels
from covey.frontend import NOISE, NearestGroups, count_noun, nearest_rows
from covey_dashboard.data.caching import cached
from covey_dashboard.data.datasets import OpenEmbedding, load_embedding, load_similarity_space
from covey_dashboard.data.labels import ImageLabels, ObservedLabels, OutdatedLabels
from covey_dashboard.data.metadata import recording_codes
from covey_dashboard.data.selection import (
    AllImages,
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
CLUSTER, LABEL, RECORDING = "cluster", "label", "recording"


@attrs.frozen
class MapOptions:
    """How the map is drawn: what the colours say, noise shown or hidden, labelled images shown, grey or hidden."""

    colour_by: str
    noise: str
    labelled: str


@attrs.frozen(kw_only=True, eq=False)
class ExploreView:
    """The open embedding with its table, the clusters of its images (n,), and the labels as they were observed.

    `nearest` has the groups that noise may belong to; None where there are too many images.
    """

    opened: OpenEmbedding
    table: Embedding
    observed: ObservedLabels | None
    outdated: OutdatedLabels
    image_labels: ImageLabels
    clusters: Labels
    nearest: NearestGroups | None
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
        names: list[str] = self.table.names.tolist()
        return names

    def rows(self, selection: Selection, options: MapOptions) -> Rows:
        """Return the rows of the images that are selected and not hidden."""
        rows = select_rows(selection, self.names, self.clusters, self.table.map, self.image_labels.by_image)
        return rows[~self.hidden(selection, options)[rows]]

    def hidden(self, selection: Selection, options: MapOptions) -> NDArray[np.bool_]:
        """Return which images are hidden (n,); those that are just what is selected never are."""
        is_hidden_noise = (self.clusters == NOISE) & (options.noise == "hidden" and selection != ImagesOfCluster(NOISE))
        is_hidden_labelled = (self.image_labels.codes >= 0) & (
            options.labelled == "hidden" and not isinstance(selection, ImagesWithLabel)
        )
        is_hidden: NDArray[np.bool_] = is_hidden_noise | is_hidden_labelled
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
        if colour_by == CLUSTER:
            return colouring.colour_by_cluster(self.clusters)
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

    def numbers(self, rows: Rows) -> dict[str, str]:
        """Return how many images and clusters there are, how they fall into them, and where some rows are from."""
        cluster_sizes = [size for cluster, size in self.sizes.items() if cluster != NOISE]
        image_count = len(self.clusters)
        return {
            "Images": f"{image_count:,}",
            "Clusters": f"{len(cluster_sizes):,}",
            "Assigned": f"{sum(cluster_sizes) / image_count:.0%}" if image_count else "none",
            "Largest": f"{max(cluster_sizes, default=0):,}",
            "Top recording": self._top_recording(rows),
        }

    def _top_recording(self, rows: Rows) -> str:
        """Return the largest share of some images that is from one recording, in words."""
        recording_codes_of_rows = recording_codes(self.opened)[0][rows]
        known_codes = recording_codes_of_rows[recording_codes_of_rows >= 0]
        share = np.bincount(known_codes).max() / len(rows) if len(known_codes) else 0
        return ("under 1%" if share < 0.01 else f"{share:.0%}") if share else "unknown"

    def select_similar(self, names: Sequence[str]) -> Selection:
        """Return the images that are most like some others, by their features if the dataset has them."""
        rows = np.flatnonzero(np.isin(self.table.names, names))
        similar_rows = nearest_rows(load_similarity_space(self.opened), rows, MOST_SIMILAR)
        return SimilarImages(tuple(similar_rows.tolist()))


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
    return pack_points(opened.identity, table.names.tolist(), table.map, *recording_codes(opened))
