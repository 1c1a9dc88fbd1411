"""Two results side by side: whose images and clusters they are, and where those of one are on the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from covey import Clustering, Embedding, Labels
from covey.frontend import NOISE, AnyEntry, Dataset, Entry, ImageFolder, Names, digest, is_entry_of, match_clusters
from covey_dashboard.data.datasets import OpenEmbedding, dataset_at, image_folder, load_embedding, load_table
from covey_dashboard.data.selection import AllImages, Rows, Selection, select_rows
from covey_dashboard.data.table_titles import is_made_from, title_tables
from covey_dashboard.state import ImagesInFlow
from covey_dashboard.widgets.map_view import FADED, FULL, PALE


@attrs.frozen(kw_only=True, eq=False)
class Side:
    """What one map shows: images (n,), their places (n, 2), and their clusters (n,), None if there are none.

    The clusters are its own if `has_clusters`, or else those of the other side.
    """

    title: str
    opened: OpenEmbedding
    names: Names
    places: NDArray[np.float32]
    clusters: Labels | None
    has_clusters: bool

    @property
    def codes(self) -> Labels:
        """The clusters as numbers, all noise if there are none."""
        return np.full(len(self.names), NOISE, dtype=np.int32) if self.clusters is None else self.clusters

    @property
    def clustering(self) -> Clustering:
        """The clusters as a clustering."""
        return Clustering(names=self.names, labels=self.codes, provenance=None)

    def states(self, selection: Selection | ImagesInFlow, rows: Rows) -> NDArray[np.uint8]:
        """Return how each image is drawn (n,): what is selected in full, the others faded; noise pale."""
        if isinstance(selection, AllImages):
            is_noise = self.clusters is not None and self.codes == NOISE
            return np.where(is_noise, PALE, np.full(len(self.names), FULL)).astype(np.uint8)
        states = np.full(len(self.names), FADED, dtype=np.uint8)
        states[rows] = FULL
        return states


@attrs.frozen(kw_only=True, eq=False)
class Comparison:
    """The two sides, under a `key` that tells them from others, and where their images are.

    `across` has for each image of a side its row on the other one, -1 if it is not there.
    """

    key: str
    location: str
    sides: tuple[Side, Side]
    across: tuple[Rows, Rows]
    folder: ImageFolder | None
    dataset: Dataset

    @property
    def has_one_map(self) -> bool:
        """Whether both sides show one embedding, so that a place is the same on both."""
        return self.sides[0].opened.identity == self.sides[1].opened.identity

    def rows(self, side: int, selection: Selection | ImagesInFlow) -> tuple[Rows, Rows]:
        """Return the rows of the images that are selected on one side, for both sides."""
        if isinstance(selection, ImagesInFlow):
            return self._rows_in_flow(0, selection), self._rows_in_flow(1, selection)
        selected_side = self.sides[side]
        rows_here = select_rows(selection, selected_side.names.tolist(), selected_side.codes, selected_side.places, {})
        rows_there = self.across[side][rows_here]
        rows_there = rows_there[rows_there >= 0]
        return (rows_there, rows_here) if side else (rows_here, rows_there)

    def _rows_in_flow(self, side: int, flow: ImagesInFlow) -> Rows:
        """Return the rows on one side of the images that are in a cluster there, and in one on the other side."""
        here, there = (flow.right, flow.left) if side else (flow.left, flow.right)
        codes_here, across = self.sides[side].codes, self.across[side]
        codes_there = _take_clusters(self.sides[1 - side].codes, across)
        is_here = codes_here == here if here is not None else np.ones(len(codes_here), dtype=bool)
        is_there = (codes_there == there) & (across >= 0) if there is not None else np.ones(len(across), dtype=bool)
        return np.flatnonzero(is_here & is_there)


def compare_results(location: str, results: tuple[AnyEntry, AnyEntry], entries: Sequence[AnyEntry]) -> Comparison:
    """Return two results as they are shown.

    Args:
        location: the dataset.
        results: the two.
        entries: all results of the dataset.

    Raises:
        CoveyError: a file cannot be read.
    """
    title_by_name = title_tables(entries)
    left_side, right_side = (_read_side(location, entry, entries, title_by_name) for entry in results)
    across = _find_rows(left_side.names, right_side.names), _find_rows(right_side.names, left_side.names)
    return Comparison(
        key=digest([location, *(entry.name for entry in results)]),
        location=location,
        sides=_match_sides(left_side, right_side, across),
        across=across,
        folder=image_folder(location),
        dataset=dataset_at(location),
    )


def _read_side(location: str, entry: AnyEntry, entries: Sequence[AnyEntry], title_by_name: Mapping[str, str]) -> Side:
    """Return a result as a map shows it: clusters on the embedding they are of, an embedding with its clusters."""
    embedding_entry = _embedding_of(entry, entries)
    clustering_entry = _clustering_of(entry, embedding_entry, entries)
    opened = OpenEmbedding(location, embedding_entry)
    table = load_embedding(opened)
    clusters = _read_clusters(location, clustering_entry, table.names) if clustering_entry else None
    shown_embedding = None if is_made_from(entry, embedding_entry) else embedding_entry
    entry_names = [part_entry.name for part_entry in (entry, clustering_entry, shown_embedding) if part_entry]
    return Side(
        title=", with ".join(dict.fromkeys(title_by_name[name] for name in entry_names)),
        opened=opened,
        names=table.names,
        places=table.map,
        clusters=clusters,
        has_clusters=clusters is not None,
    )


def _embedding_of(entry: AnyEntry, entries: Sequence[AnyEntry]) -> Entry[Embedding]:
    """Return the embedding whose map shows a result: its own, else one of the same features, else the first."""
    embeddings = [candidate for candidate in entries if is_entry_of(candidate, Embedding)]
    own_embeddings = [embedding for embedding in embeddings if embedding == entry or is_made_from(entry, embedding)]
    features_key = entry.provenance.input if entry.provenance else None
    related_embeddings = [
        embedding for embedding in embeddings if embedding.provenance and embedding.provenance.input == features_key
    ]
    return [*own_embeddings, *related_embeddings, *embeddings][0]


def _clustering_of(
    entry: AnyEntry, embedding: Entry[Embedding], entries: Sequence[AnyEntry]
) -> Entry[Clustering] | None:
    """Return a result if it is a clustering, else the first clustering of its embedding, None if there is none."""
    if is_entry_of(entry, Clustering):
        return entry
    clusterings = [candidate for candidate in entries if is_entry_of(candidate, Clustering)]
    return next((clustering for clustering in clusterings if is_made_from(clustering, embedding)), None)


def _read_clusters(location: str, entry: Entry[Clustering], names: Names) -> Labels:
    """Return the cluster of each of some images in a clustering.

    Raises:
        CoveyError: the file cannot be read.
    """
    clustering = load_table(location, entry)
    return _take_clusters(clustering.labels, _find_rows(names, clustering.names))


def _find_rows(names: Names, all_names: Names) -> Rows:
    """Return the row of each image in another table, -1 if it is not there."""
    row_by_name = {name: row for row, name in enumerate(all_names.tolist())}
    return np.array([row_by_name.get(name, -1) for name in names.tolist()], dtype=np.intp)


def _take_clusters(labels: Labels, rows: Rows) -> Labels:
    """Return the clusters of some rows (m,), noise for a row of -1."""
    return np.append(labels, np.int32(NOISE))[rows]


def _match_sides(left_side: Side, right_side: Side, across: tuple[Rows, Rows]) -> tuple[Side, Side]:
    """Return two sides on which the same group has the same number, and so the same colour.

    A side without clusters gets those of the other.
    """
    if left_side.clusters is not None:
        carried_clusters = _take_clusters(left_side.clusters, across[1])
        matched_clusters = (
            carried_clusters if right_side.clusters is None else match_clusters(carried_clusters, right_side.clusters)
        )
        return left_side, attrs.evolve(right_side, clusters=matched_clusters)
    if right_side.clusters is not None:
        left_side = attrs.evolve(left_side, clusters=_take_clusters(right_side.clusters, across[0]))
    return left_side, right_side
