"""Two results side by side: whose images and clusters they are, and where those of one are on the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs
import numpy as np
from numpy.typing import NDArray

from covey import Clustering, Embedding, Labels
from covey.frontend import NOISE, AnyEntry, Entry, ImageFolder, Names, digest, is_entry_of, match_clusters
from covey_dashboard.data import cache
from covey_dashboard.data.cache import Source
from covey_dashboard.data.selection import Rows, Selection
from covey_dashboard.widgets import page_frame as page
from covey_dashboard.widgets.map_view import FADED, FULL, PALE
from covey_dashboard.widgets.page_frame import made_from


@attrs.frozen(kw_only=True, eq=False)
class Side:
    """What one map shows: images (n,), their places (n, 2), and their clusters (n,), None where there are none.

    The clusters are its `own`, or those of the other side.
    """

    title: str
    source: Source
    names: Names
    places: NDArray[np.float32]
    clusters: Labels | None
    own: bool

    @property
    def codes(self) -> Labels:
        """The clusters as numbers, all noise where there are none."""
        return np.full(len(self.names), NOISE, dtype=np.int32) if self.clusters is None else self.clusters

    @property
    def clustering(self) -> Clustering:
        """The clusters as a clustering."""
        return Clustering(names=self.names, labels=self.codes, provenance=None)

    def states(self, selection: Selection, rows: Rows) -> NDArray[np.uint8]:
        """Return how each image is drawn (n,): what is selected in full, the others faded; noise pale."""
        if selection.by == "all":
            noise = self.clusters is not None and self.codes == NOISE
            return np.where(noise, PALE, np.full(len(self.names), FULL)).astype(np.uint8)
        drawn = np.full(len(self.names), FADED, dtype=np.uint8)
        drawn[rows] = FULL
        return drawn


@attrs.frozen(kw_only=True, eq=False)
class Comparison:
    """The two sides, under a `key` that tells them from others, and where their images are.

    `across` has for each image of a side its row on the other one, -1 where it is not there.
    """

    key: str
    sides: tuple[Side, Side]
    across: tuple[Rows, Rows]
    folder: ImageFolder | None
    home: Path

    def selected(self, at: int, selection: Selection) -> tuple[Rows, Rows]:
        """Return the rows of the images that are selected on one side, for both sides."""
        side = self.sides[at]
        here = selection.rows(side.names.tolist(), side.codes, side.places, {})
        there = self.across[at][here]
        there = there[there >= 0]
        return (there, here) if at else (here, there)


def paired(location: str, chosen: tuple[AnyEntry, AnyEntry], entries: Sequence[AnyEntry]) -> Comparison:
    """Return two results as they are shown. Raises CoveyError."""
    titles = page.titles(entries)
    left_side, right_side = (_side(location, entry, entries, titles) for entry in chosen)
    across = _places(left_side.names, right_side.names), _places(right_side.names, left_side.names)
    return Comparison(
        key=digest([location, *(entry.name for entry in chosen)]),
        sides=_match_sides(left_side, right_side, across),
        across=across,
        folder=cache.images(location),
        home=cache.dataset(location).home,
    )


def _side(location: str, entry: AnyEntry, entries: Sequence[AnyEntry], titles: Mapping[str, str]) -> Side:
    """Return a result as a map shows it: clusters on the embedding they are of, an embedding with its clusters."""
    embedding_entry = _map_of(entry, entries)
    source = Source(location, embedding_entry)
    table = cache.embedding(source)
    clusterings = [candidate for candidate in entries if is_entry_of(candidate, Clustering)]
    own_clusterings = [entry] if is_entry_of(entry, Clustering) else []
    clustering_entry = next(
        iter([*own_clusterings, *(part for part in clusterings if made_from(part, embedding_entry))]), None
    )
    clusters = _clusters(location, clustering_entry, table.names) if clustering_entry else None
    parts = [
        part
        for part in (entry, clustering_entry, None if made_from(entry, embedding_entry) else embedding_entry)
        if part
    ]
    title = ", with ".join(dict.fromkeys(titles[part.name] for part in parts))
    own = clusters is not None
    return Side(title=title, source=source, names=table.names, places=table.map, clusters=clusters, own=own)


def _map_of(entry: AnyEntry, entries: Sequence[AnyEntry]) -> Entry[Embedding]:
    """Return the embedding whose map shows a result: its own, else one of the same features, else the first."""
    embeddings = [candidate for candidate in entries if is_entry_of(candidate, Embedding)]
    own = [one for one in embeddings if one == entry or made_from(entry, one)]
    features = entry.provenance.input if entry.provenance else None
    same = [one for one in embeddings if one.provenance and one.provenance.input == features]
    return [*own, *same, *embeddings][0]


def _clusters(location: str, entry: Entry[Clustering], names: Names) -> Labels:
    """Return the cluster of each of some images in a clustering that is kept. Raises CoveyError."""
    clustering = cache.table(location, entry)
    return _carried(clustering.labels, _places(names, clustering.names))


def _places(names: Names, among: Names) -> Rows:
    """Return the row of each image among others, -1 where it is not there."""
    rows = {name: row for row, name in enumerate(among.tolist())}
    return np.array([rows.get(name, -1) for name in names.tolist()], dtype=np.intp)


def _carried(labels: Labels, rows: Rows) -> Labels:
    """Return the clusters of some rows (m,), noise where a row is -1."""
    return np.append(labels, np.int32(NOISE))[rows]


def _match_sides(left_side: Side, right_side: Side, across: tuple[Rows, Rows]) -> tuple[Side, Side]:
    """Return two sides on which the same flock has the same number, and so the same colour.

    A side without clusters gets those of the other.
    """
    if left_side.clusters is not None:
        before = _carried(left_side.clusters, across[1])
        after = before if right_side.clusters is None else match_clusters(before, right_side.clusters)
        return left_side, attrs.evolve(right_side, clusters=after)
    if right_side.clusters is not None:
        left_side = attrs.evolve(left_side, clusters=_carried(right_side.clusters, across[0]))
    return left_side, right_side
