"""What the page Explore looks at: an embedding with its clusters and labels, and how it is seen."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from covey import Embedding, Labels
from covey.frontend import NOISE, LabelStore, count_noun, nearest_rows
from covey_dashboard.data import cache
from covey_dashboard.data.cache import Source
from covey_dashboard.data.image_labels import ImageLabels
from covey_dashboard.data.selection import Rows, Selection
from covey_dashboard.widgets import colouring
from covey_dashboard.widgets.map_view import FADED, FULL, HIDDEN, PALE, Colouring

LISTED = 300
"""Clusters in the list, the largest; the others can be clicked on the map."""
ALIKE = 200
"""Images that are shown as most like others."""
CLUSTER, LABEL, RECORDING = "cluster", "label", "recording"


@attrs.frozen
class View:
    """What the map shows: what it is coloured `by`, noise shown or hidden, labelled images shown, grey or hidden."""

    by: str
    noise: str
    labelled: str


@attrs.frozen(kw_only=True, eq=False)
class ExploreView:
    """What is looked at: a source with its table, the clusters of its images, and the labels as of a revision."""

    source: Source
    table: Embedding
    store: LabelStore | None
    revision: int
    given: ImageLabels
    clusters: Labels
    sizes: dict[int, int] = attrs.field(init=False)
    """The images of each cluster, the largest first, noise last."""

    @sizes.default
    def _sizes(self) -> dict[int, int]:
        clusters, counts = np.unique(self.clusters, return_counts=True)
        sizes = dict(zip(clusters.tolist(), counts.tolist(), strict=True))
        return dict(sorted(sizes.items(), key=lambda item: (item[0] == NOISE, -item[1], item[0])))

    @property
    def names(self) -> list[str]:
        """The names of the images."""
        names: list[str] = self.table.names.tolist()
        return names

    def rows(self, selection: Selection, view: View) -> Rows:
        """Return the rows of the images that are selected and not hidden."""
        rows = selection.rows(self.names, self.clusters, self.table.map, self.given.by_image)
        return rows[~self.hidden(view, selection)[rows]]

    def hidden(self, view: View, selection: Selection) -> NDArray[np.bool_]:
        """Return which images a person does not want to see (n,), unless they are just what is selected."""
        noise = (self.clusters == NOISE) & (view.noise == "hidden" and selection != Selection("cluster", NOISE))
        labelled = (self.given.codes >= 0) & (view.labelled == "hidden" and selection.by != "label")
        both: NDArray[np.bool_] = noise | labelled
        return both

    def states(self, view: View, selection: Selection, rows: Rows) -> NDArray[np.uint8]:
        """Return how each image is drawn (n,): what is selected in full, the others faded, noise pale."""
        drawn = np.where(self.clusters == NOISE, PALE, FULL).astype(np.uint8)
        if selection.by != "all":
            drawn[:] = FADED
            drawn[rows] = FULL
        if view.labelled == "grey":
            drawn[self.given.codes >= 0] = FADED
        drawn[self.hidden(view, selection)] = HIDDEN
        return drawn

    def coloured(self, by: str) -> Colouring:
        """Return the colours of the images. Raises CoveyError."""
        if by == CLUSTER:
            return colouring.by_cluster(self.clusters)
        if by == LABEL:
            return colouring.by_class(self.given)
        if by == RECORDING:
            return colouring.by_group(by, *cache.sources(self.source))
        return cache.column(self.source, by)

    def offered(self) -> list[Selection]:
        """Return what can be chosen from a list: everything, the clusters, noise, the labels."""
        clusters = [cluster for cluster in self.sizes if cluster != NOISE][:LISTED]
        noise = [NOISE] if NOISE in self.sizes else []
        labels = [one.name for one in self.given.classes]
        by_cluster = [Selection("cluster", cluster) for cluster in [*clusters, *noise]]
        return [Selection(), *by_cluster, *(Selection("label", label) for label in labels)]

    def title(self, selection: Selection, chosen: int) -> str:
        """Return what a selection is called in the list, and how many images it has."""
        if selection.by == "cluster":
            return f"{selection.title}: {count_noun(self.sizes.get(selection.what, 0), 'image')}"
        if selection.by == "all":
            return f"All {count_noun(len(self.clusters), 'image')}"
        if selection.by == "label":
            counts = {one.name: one.count for one in self.given.classes}
            return f"{selection.title}: {count_noun(counts.get(selection.what, 0), 'image')}"
        return f"{selection.title}: {count_noun(chosen, 'image')}"

    def numbers(self, rows: Rows) -> dict[str, str]:
        """Return how many images and clusters there are, how they fall into them, and where some rows are from."""
        clusters = [size for cluster, size in self.sizes.items() if cluster != NOISE]
        count = len(self.clusters)
        return {
            "Images": f"{count:,}",
            "Clusters": f"{len(clusters):,}",
            "Assigned": f"{sum(clusters) / count:.0%}" if count else "none",
            "Largest": f"{max(clusters, default=0):,}",
            "Top recording": self._one_recording(rows),
        }

    def _one_recording(self, rows: Rows) -> str:
        """Return the largest share of some images that is from one recording, in words."""
        codes = cache.sources(self.source)[0][rows]
        recorded = codes[codes >= 0]
        share = np.bincount(recorded).max() / len(rows) if len(recorded) else 0
        return ("under 1%" if share < 0.01 else f"{share:.0%}") if share else "unknown"

    def more_like(self, names: Sequence[str]) -> Selection:
        """Return the images that are most like some others, by their features where these are kept."""
        rows = np.flatnonzero(np.isin(self.table.names, names))
        return Selection("like", tuple(nearest_rows(cache.space(self.source), rows, ALIKE).tolist()))
