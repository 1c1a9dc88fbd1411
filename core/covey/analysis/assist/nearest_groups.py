"""The group that an image outside all groups belongs to if to any, and how sure that is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from covey.components.contracts import Floats, Labels
from covey.data.tables import NOISE, NearestGroups

ODDS, AGREEMENT, RARITY = 0.85, 2.4, 0.56
"""Of an image outside all groups, the odds to belong to the group that a share s of its neighbours is in are
exp(ODDS + AGREEMENT s) n^RARITY, n being the share of images outside all groups: the fewer they are, the odder. Fitted
to images with labels; tests/benchmarks/nearest_groups.py measures it."""
NEIGHBOURS = 20
"""Images that vote; fewer say less about how sure a group is (tests/benchmarks/nearest_groups.py)."""
REFERENCES = 20_000
"""Images among which neighbours are searched, at most."""


def find_voters(space: Floats, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the rows of the images nearest to each of some images, (m, k), k at most NEIGHBOURS, the nearest first.

    Of more than REFERENCES images, that many, drawn at random with a fixed seed, are taken as neighbours.

    Args:
        space: a similarity space (n, d).
        rows: the images (m,).
    """
    from sklearn.neighbors import NearestNeighbors

    references = np.sort(np.random.default_rng(0).permutation(len(space))[:REFERENCES])
    count = min(NEIGHBOURS, len(references) - 1)
    if count < 1 or not len(rows):
        return np.empty((len(rows), 0), dtype=np.intp)
    search = NearestNeighbors(n_neighbors=count + 1).fit(space[references])
    voters: NDArray[np.intp] = references[search.kneighbors(space[rows], return_distance=False)]
    is_other = voters != rows[:, None]
    is_other[is_other.all(axis=1), -1] = False  # where an image is none of the references, the last one goes
    others: NDArray[np.intp] = voters[is_other].reshape(len(rows), count)
    return others


def vote_nearest_groups(labels: Labels, rows: NDArray[np.intp], voters: NDArray[np.intp]) -> NearestGroups:
    """Return the nearest group of each image (n,); that of those in a group is their own, with confidence 1.

    The nearest group is that of most neighbours (Fix and Hodges 1951); those outside all groups vote for none. The
    confidence is the probability that most of the group have the image's class, as it was on average among labelled
    images (ODDS). How well groups agree with classes differs from one set of features to another, and nothing but
    labels tells it: images of groups, left out, are easier than those outside (tests/benchmarks/nearest_groups.py).

    Args:
        labels: the cluster of each image (n,).
        rows: images (m,) whose neighbours are known: all that are in no group, or more.
        voters: their neighbours (m, k).
    """
    clusters, confidence = labels.copy(), (labels != NOISE).astype(np.float32)
    is_open = labels[rows] == NOISE
    rows, votes = rows[is_open], labels[voters[is_open]]
    if not votes.shape[1]:
        return NearestGroups(clusters, confidence)
    counts = np.stack([(votes == vote[:, None]).sum(axis=1) for vote in votes.T], axis=1)
    counts[votes == NOISE] = 0
    first = counts.argmax(axis=1)[:, None]
    clusters[rows] = np.take_along_axis(votes, first, axis=1)[:, 0]
    shares = np.take_along_axis(counts, first, axis=1)[:, 0] / votes.shape[1]
    odds = np.exp(ODDS + AGREEMENT * shares) * (labels == NOISE).mean() ** RARITY
    confidence[rows] = np.where(shares > 0, odds / (1 + odds), 0)
    clusters[rows[shares == 0]] = NOISE
    return NearestGroups(clusters, confidence)
