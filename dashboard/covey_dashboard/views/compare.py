"""The page Compare: two results side by side with one selection, which cluster went where, how all agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

import attrs
import numpy as np
import streamlit as st
from numpy.typing import NDArray

from covey import Clustering, CoveyError
from covey.agreement import flow, matrix
from covey.colours import GREY, PALETTE
from covey.components import Labels
from covey.images import ImageFolder
from covey.matching import match
from covey.provenance import digest
from covey.storage import Dataset, Entry
from covey.tables import NOISE, Names
from covey_dashboard import cache, choice, gallery, map, notice, page, thumbnails
from covey_dashboard.cache import Source
from covey_dashboard.map import FADED, FULL, PALE
from covey_dashboard.packing import packed
from covey_dashboard.selection import Rows, Selection, picked

Place = Literal["left", "right"]
PLACES: tuple[Place, Place] = ("left", "right")
MOST_PAIRS = 1_000_000
"""Clusters on the left times clusters on the right, up to which it is found out which went where."""
FLOWS = 100
"""Ways from a cluster to a cluster that are listed, at most."""
COMPARED = 20
"""Clusterings in the table of agreement, at most."""
NAMED = 60
"""Clusters that are named on a map, at most."""
PATIENCE, POLL = 1.0, 0.7
"""Seconds to wait for the agreement of all, and between two looks whether it is there."""
AGREEMENT = {"AMI": "adjusted mutual information (AMI)", "ARI": "adjusted Rand index (ARI)"}
_BROWSER = Path(map.__file__).with_name("browser")


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


@attrs.frozen(kw_only=True, eq=False)
class Pair:
    """The two sides, under a `key` that tells them from others, and where their images are.

    `across` has for each image of a side its row on the other one, -1 where it is not there.
    """

    key: str
    sides: tuple[Side, Side]
    across: tuple[Rows, Rows]
    folder: ImageFolder | None
    home: Path


def compare(location: str) -> None:
    """Show two results of a dataset. Raises CoveyError."""
    entries = [entry for entry in cache.entries(location) if entry.kind != "features"]
    if not any(entry.kind == "embedding" for entry in entries):
        notice.hint("This dataset has no embedding, and so no map, yet: the page Data says how to make one.")
        return
    if len(entries) < 2:
        notice.hint("There is nothing to compare this embedding with yet: covey run makes another one, or clusters.")
        return
    chosen = choose(location, entries)
    pair = paired(location, chosen, entries)
    st.text(told(pair))
    with st.container(key="points"):
        for place, side in zip(PLACES, pair.sides, strict=True):
            send(place, side)
    workbench(pair)
    show_flows(pair)
    clusterings = [entry.name for entry in (*chosen, *entries) if entry.kind == "clustering"]
    show_agreement(location, list(dict.fromkeys(clusterings)))


def choose(location: str, entries: Sequence[Entry]) -> tuple[Entry, Entry]:
    """Let a person choose two results: at first clusters of the embedding that is open, and the next."""
    by_name, titles = {entry.name: entry for entry in entries}, page.titles(entries)
    order = sorted(by_name, key=lambda name: by_name[name].kind)
    opened = choice.source(location)
    made = [name for name in order if opened and made_from(by_name[name], opened.entry)]
    start = (made or order)[0]
    starts = (start, next(name for name in order if name != start))
    names = [
        column.selectbox(place.title(), order, order.index(first), titles.__getitem__, key=f"{place} {location}")
        for place, column, first in zip(PLACES, st.columns(2), starts, strict=True)
    ]
    return by_name[names[0]], by_name[names[1]]


def paired(location: str, chosen: tuple[Entry, Entry], entries: Sequence[Entry]) -> Pair:
    """Return two results as they are shown. Raises CoveyError."""
    titles = page.titles(entries)
    one, other = (side(location, entry, entries, titles) for entry in chosen)
    across = places(one.names, other.names), places(other.names, one.names)
    return Pair(
        key=digest([location, *(entry.name for entry in chosen)]),
        sides=alike(one, other, across),
        across=across,
        folder=cache.images(location),
        home=cache.dataset(location).home,
    )


def side(location: str, entry: Entry, entries: Sequence[Entry], titles: Mapping[str, str]) -> Side:
    """Return a result as a map shows it: clusters on the embedding they are of, an embedding with its clusters."""
    shown = map_of(entry, entries)
    source = Source(location, shown)
    table = cache.embedding(source)
    kept = entry if entry.kind == "clustering" else next((one for one in entries if made_from(one, shown)), None)
    found = clustering(location, digest([kept.name, key(kept)]), kept) if kept else None
    clusters = carried(found.labels, places(table.names, found.names)) if found else None
    parts = [one for one in (entry, kept, None if made_from(entry, shown) else shown) if one]
    title = ", with ".join(dict.fromkeys(titles[one.name] for one in parts))
    own = clusters is not None
    return Side(title=title, source=source, names=table.names, places=table.map, clusters=clusters, own=own)


def map_of(entry: Entry, entries: Sequence[Entry]) -> Entry:
    """Return the embedding whose map shows a result: its own, else one of the same features, else the first."""
    embeddings = [one for one in entries if one.kind == "embedding"]
    own = [one for one in embeddings if one == entry or made_from(entry, one)]
    features = entry.provenance.input if entry.provenance else None
    same = [one for one in embeddings if one.provenance and one.provenance.input == features]
    return [*own, *same, *embeddings][0]


def made_from(entry: Entry, other: Entry) -> bool:
    """Return whether a clustering was made from an embedding."""
    return entry.kind == "clustering" and entry.provenance is not None and entry.provenance.input == key(other)


def key(entry: Entry) -> str | None:
    """Return the key of a table, None where it does not say what made it."""
    return entry.provenance.key if entry.provenance else None


@st.cache_resource(show_spinner="Reading", max_entries=4)
def clustering(location: str, identity: str, _entry: Entry) -> Clustering:
    """Return a clustering that is kept. Raises CoveyError."""
    found = cache.dataset(location).load(_entry)
    assert isinstance(found, Clustering)
    return found


def places(names: Names, among: Names) -> Rows:
    """Return the row of each image among others, -1 where it is not there."""
    rows = {name: row for row, name in enumerate(among.tolist())}
    return np.array([rows.get(name, -1) for name in names.tolist()], dtype=np.intp)


def carried(labels: Labels, rows: Rows) -> Labels:
    """Return the clusters of some rows (m,), noise where a row is -1."""
    return np.append(labels, np.int32(NOISE))[rows]


def alike(one: Side, other: Side, across: tuple[Rows, Rows]) -> tuple[Side, Side]:
    """Return two sides on which the same flock has the same number, and so the same colour.

    A side without clusters gets those of the other.
    """
    if one.clusters is None:
        return attrs.evolve(one, clusters=None if other.clusters is None else carried(other.clusters, across[0])), other
    before = carried(one.clusters, across[1])
    if other.clusters is None:
        return one, attrs.evolve(other, clusters=before)
    return one, attrs.evolve(other, clusters=match(before, other.clusters).labels)


def of(side: Side) -> Clustering:
    """Return the clusters of a side as a clustering."""
    return Clustering(names=side.names, labels=side.codes, provenance=None)


def told(pair: Pair) -> str:
    """Return how many images the two have in common, in words."""
    one, other = pair.sides
    both = int((pair.across[0] >= 0).sum())
    if both == len(one.names) == len(other.names):
        return f"The same {both:,} images on both sides."
    return f"{len(one.names):,} images on the left, {len(other.names):,} on the right; {both:,} are in both."


@st.fragment
def workbench(pair: Pair) -> None:
    """Show the two maps and the images that are selected on one of them."""
    kept = f"compared {pair.key}"
    at, selection = st.session_state.setdefault(kept, (0, Selection()))
    rows = selected(pair, at, selection)
    for here, column in enumerate(st.columns(2)):
        with column:
            show_map(pair, here, states(pair.sides[here], selection, rows[here]), kept)
    if selection.by == "all":
        notice.hint("Encircle images on one map, or click one: the same stand out on the other, and are shown here.")
        return
    st.text(f"{selection.title}: {len(rows[0]):,} images on the left, {len(rows[1]):,} on the right.")
    show_gallery(pair, pair.sides[at].names[rows[at]].tolist(), f"{pair.key} {at} {selection}")


def selected(pair: Pair, at: int, selection: Selection) -> tuple[Rows, Rows]:
    """Return the rows of the images that are selected on one side, for both sides."""
    side = pair.sides[at]
    here = selection.rows(side.names.tolist(), side.codes, side.places, {})
    there = pair.across[at][here]
    there = there[there >= 0]
    return (there, here) if at else (here, there)


def states(side: Side, selection: Selection, rows: Rows) -> NDArray[np.uint8]:
    """Return how each image is drawn (n,): what is selected in full, the others faded; noise pale."""
    if selection.by == "all":
        noise = side.clusters is not None and side.codes == NOISE
        return np.where(noise, PALE, np.full(len(side.names), FULL)).astype(np.uint8)
    drawn = np.full(len(side.names), FADED, dtype=np.uint8)
    drawn[rows] = FULL
    return drawn


@st.fragment
def show_gallery(pair: Pair, names: Sequence[str], what: str) -> None:
    """Show the images that are selected."""
    gallery.show(names, what=what, folder=pair.folder, home=pair.home, key="compared")


@st.cache_resource(show_spinner=False)
def component(place: Place) -> Any:
    """Return the component of the map for one side: each knows its own points, and where a person has moved to."""
    script, style = ((_BROWSER / name).read_text("utf-8") for name in ("map.js", "map.css"))
    return st.components.v2.component(f"covey_map_{place}", js=f"// {place}\n{script}", css=style)


def send(place: Place, side: Side) -> None:
    """Give the browser the points of a side."""
    codes, recordings = cache.sources(side.source)
    of_each = [recordings[code] if code >= 0 else "" for code in codes]
    data = map.points(side.source.identity, side.names.tolist(), side.places, of_each)
    component(place)(key=f"points {place}", data=data)


def show_map(pair: Pair, at: int, drawn: NDArray[np.uint8], kept: str) -> None:
    """Show the map of one side; what a person picks there is kept in the session as `kept`."""
    side, name = pair.sides[at], f"map {PLACES[at]}"

    def pick() -> None:
        st.session_state[kept] = (at, picked(st.session_state[name]["picked"], side.codes))

    none = np.full(len(side.names), NOISE, dtype=np.int32)
    data = {
        "points": side.source.identity,
        "height": map.HEIGHT,
        "title": f"{len(side.names):,} images. {side.title}",
        "palette": [GREY, *PALETTE],
        "address": thumbnails.address(pair.folder),
        "marks": marks(side),
        "legend": [],
        "more": "",
        "values": [],
        "column": "",
        "kinds": [],
    }
    arrays = packed(data, clusters=side.codes, codes=side.codes, classes=none, states=drawn)
    component(PLACES[at])(key=name, data=arrays, on_picked_change=pick)


def marks(side: Side) -> list[dict[str, Any]]:
    """Return the numbers of the largest clusters, each with the place of the image in its middle."""
    found, counts = np.unique(side.codes[side.codes != NOISE], return_counts=True)
    largest = found[np.argsort(-counts, kind="stable")][:NAMED].tolist()
    middles = {cluster: middle(side.places[side.codes == cluster]) for cluster in largest}
    return [{"name": str(cluster), "x": x, "y": y} for cluster, (x, y) in middles.items() if np.isfinite(x + y)]


def middle(places: NDArray[np.float32]) -> tuple[float, float]:
    """Return the one of some places (n, 2) that is nearest to their median."""
    x, y = places[np.abs(places - np.median(places, axis=0)).sum(axis=1).argmin()].tolist()
    return x, y


def show_flows(pair: Pair) -> None:
    """Show which cluster went where."""
    one, other = pair.sides
    st.markdown("##### Which cluster went where")
    if not (one.own and other.own):
        notice.hint("This takes clusters on both sides: choose them above, or make some with covey run.")
        return
    if len(np.unique(one.codes)) * len(np.unique(other.codes)) > MOST_PAIRS:
        notice.hint("There are too many clusters to list them: choose results with fewer.")
        return
    found = flow(of(one), of(other))
    rows, columns = np.nonzero(found.counts)
    counts = found.counts[rows, columns]
    order = np.argsort(-counts, kind="stable")[:FLOWS]
    more = f" The {FLOWS} largest of {len(counts):,} ways are shown." if len(counts) > FLOWS else ""
    st.caption(f"A cluster on the right has the number of the one on the left with which it shares most.{more}")
    st.dataframe(
        {
            "left": [called(cluster) for cluster in found.one[rows[order]].tolist()],
            "right": [called(cluster) for cluster in found.other[columns[order]].tolist()],
            "images": counts[order],
            "of the left": share(counts[order], found.counts.sum(axis=1)[rows[order]]),
            "of the right": share(counts[order], found.counts.sum(axis=0)[columns[order]]),
        },
        hide_index=True,
    )


def called(cluster: int) -> str:
    """Return what a cluster is called."""
    return "noise" if cluster == NOISE else f"cluster {cluster}"


def share(parts: NDArray[np.intp], wholes: NDArray[np.intp]) -> list[str]:
    """Return the share of each part in its whole, in words."""
    return [f"{part / whole:.0%}" for part, whole in zip(parts.tolist(), wholes.tolist(), strict=True)]


@st.fragment
def show_agreement(location: str, names: Sequence[str]) -> None:
    """Show how all clusterings of a dataset agree."""
    st.markdown("##### How all clusterings agree")
    if len(names) < 2:
        notice.hint("This takes two clusterings or more: covey run makes them.")
        return
    try:
        by_name = {entry.name: entry for entry in cache.entries(location)}
        compared = [by_name[name] for name in names[:COMPARED] if name in by_name]
        found = agreements(location, compared)
        wait(found.values(), PATIENCE)
        if not all(one.done() for one in found.values()):
            watch(list(found.values()))
            return
        measure = st.radio("Measure", list(AGREEMENT), format_func=lambda one: AGREEMENT[one], horizontal=True)
        show_matrix(compared, {pair: one.result()[list(AGREEMENT).index(measure)] for pair, one in found.items()})
        if len(names) > COMPARED:
            st.caption(f"{COMPARED} of {len(names):,} clusterings: the two above and the first others.")
    except CoveyError as error:
        notice.problem(str(error))


def show_matrix(compared: Sequence[Entry], found: dict[tuple[int, int], float]) -> None:
    """Show a value for each two of some clusterings."""
    titles = page.titles(compared)
    numbers = range(len(compared))
    cells = {
        str(column + 1): [value(found.get((min(row, column), max(row, column)), 1.0)) for row in numbers]
        for column in numbers
    }
    st.caption("1 for the same groups, 0 for what chance gives; noise counts as one more cluster.")
    named = [f"{number + 1}  {titles[entry.name].partition(': ')[2]}" for number, entry in enumerate(compared)]
    st.dataframe({"clustering": named, **cells}, hide_index=True)


def value(agreement: float) -> str:
    """Return an agreement as it is shown; two clusterings without a common image have none."""
    return "-" if np.isnan(agreement) else f"{agreement:.2f}"


def agreements(location: str, compared: Sequence[Entry]) -> dict[tuple[int, int], Future[tuple[float, float]]]:
    """Return how each two clusterings agree, by AMI and by ARI: found out once, in the background."""
    dataset, begun = cache.dataset(location), _begun()
    found = {}
    for pair in combinations(range(len(compared)), 2):
        one, other = (compared[at] for at in pair)
        identity = digest([location, *sorted(f"{entry.name} {key(entry)}" for entry in (one, other))])
        if identity not in begun:
            begun[identity] = _background().submit(agreement, dataset, one, other)
        found[pair] = begun[identity]
    return found


def agreement(dataset: Dataset, *entries: Entry) -> tuple[float, float]:
    """Return how two clusterings agree, by AMI and by ARI. Raises CoveyError."""
    tables = [table for entry in entries if isinstance(table := dataset.load(entry), Clustering)]
    return float(matrix(tables, "ami")[0, 1]), float(matrix(tables, "ari")[0, 1])


@st.fragment(run_every=POLL)
def watch(found: Sequence[Future[tuple[float, float]]]) -> None:
    """Show how far the comparison is, and the page anew when it is done."""
    done = sum(one.done() for one in found)
    st.progress(done / len(found), f"Comparing: {done:,} of {len(found):,} pairs")
    if done == len(found):
        st.rerun()


@st.cache_resource(show_spinner=False)
def _background() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1)


@st.cache_resource(show_spinner=False)
def _begun() -> dict[str, Future[tuple[float, float]]]:
    return {}


page.of_dataset(compare)
