"""Lay out a neighbour graph: edges pull rows together, random pairs of rows push each other apart.

The optimisation of UMAP (McInnes, Healy and Melville 2018, section 4), implemented by covey. Unlike umap-learn's it
releases Python's lock, so that several layouts run side by side, each repeatable by its seed. Importing this module
imports numba.
"""

from __future__ import annotations

from threading import Event
from typing import Protocol

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
REPULSIONS = 5
"""Random rows that push a row away each time an edge pulls it (the default of umap-learn)."""
LONGEST_STEP = np.float32(4)
"""The largest move in one dimension at learning rate 1 (as in umap-learn)."""


class EdgeList(Protocol):
    """A sparse matrix in coordinate format (scipy's coo_matrix)."""

    row: NDArray[np.int32]
    col: NDArray[np.int32]
    data: Floats


class NeighbourGraph(Protocol):
    """A sparse matrix (n, n) of weights (scipy's csr_matrix)."""

    data: Floats

    def tocoo(self) -> EdgeList:
        """Return it in coordinate format."""

    def eliminate_zeros(self) -> None:
        """Remove entries that are 0."""


def optimise_layout(
    Z: Floats, graph: NeighbourGraph, epochs: int, curve: tuple[float, float], seed: int | None, stop: Event
) -> Floats:
    """Improve the positions Z in place and return them.

    Args:
        Z: start positions (n, k) float32, contiguous; overwritten.
        graph: weights of the edges, sparse (n, n).
        epochs: rounds; the heaviest edges act in each, lighter ones less often.
        curve: a and b of 1 / (1 + a d^2b), the closeness of two rows at distance d.
        seed: of the random rows; None draws new ones each time and uses all cores.
        stop: when set, the work ends after the current round.

    Returns:
        Z, (n, k) float32.
    """
    edges = graph.tocoo()
    period: Floats = (edges.data.max(initial=0) / edges.data).astype(np.float32)
    next_pull, next_push = period.copy(), period / np.float32(REPULSIONS)
    states = np.random.RandomState(seed).randint(1, 2**63, len(Z), dtype=np.uint64)
    run_epoch = _run_on_one_core if seed is not None else _run_on_all_cores
    a, b = np.float32(curve[0]), np.float32(curve[1])
    for epoch in range(epochs):
        if stop.is_set():
            break
        alpha = np.float32(1 - epoch / epochs)
        run_epoch(Z, edges.row, edges.col, period, next_pull, next_push, states, a, b, alpha, epoch)
    return Z


def _run_epoch(
    Z: Floats, heads: NDArray[np.int32], tails: NDArray[np.int32], period: Floats, next_pull: Floats,
    next_push: Floats, states: NDArray[np.uint64], a: np.float32, b: np.float32, alpha: np.float32, epoch: int,
) -> None:  # fmt: skip
    for edge in numba.prange(len(heads)):
        if next_pull[edge] > epoch:
            continue
        next_pull[edge] += period[edge]
        row, partner = np.uintp(heads[edge]), np.uintp(tails[edge])
        squared_distance = _squared_distance(Z, row, partner)
        if squared_distance > 0:
            distance_power = squared_distance**b
            pull = np.float32(-2) * a * b * distance_power / (squared_distance * (a * distance_power + np.float32(1)))
            for column in range(Z.shape[1]):
                step = alpha * _clip(pull * (Z[row, column] - Z[partner, column]))
                Z[row, column] += step
                Z[partner, column] -= step
        push_count = int((epoch - next_push[edge]) * REPULSIONS / period[edge])
        next_push[edge] += push_count * period[edge] / REPULSIONS
        for _ in range(push_count):
            partner = _draw_row(states, row, len(Z))
            squared_distance = _squared_distance(Z, row, partner)
            if squared_distance > 0:
                push = (
                    np.float32(2)
                    * b
                    / ((np.float32(0.001) + squared_distance) * (a * squared_distance**b + np.float32(1)))
                )
                for column in range(Z.shape[1]):
                    Z[row, column] += alpha * _clip(push * (Z[row, column] - Z[partner, column]))


@numba.njit(fastmath=True, inline="always")
def _squared_distance(Z: Floats, row: np.uintp, partner: np.uintp) -> np.float32:
    sum_of_squares = np.float32(0)
    for column in range(Z.shape[1]):
        difference = Z[row, column] - Z[partner, column]
        sum_of_squares += difference * difference
    return sum_of_squares


@numba.njit(inline="always")
def _clip(force: np.float32) -> np.float32:
    return min(max(force, -LONGEST_STEP), LONGEST_STEP)


@numba.njit(inline="always")
def _draw_row(states: NDArray[np.uint64], row: np.uintp, row_count: int) -> np.uintp:
    """Return a random number below `row_count` (xorshift: Marsaglia 2003, p. 4, shifts 13, 7, 17)."""
    state = states[row]
    state ^= state << np.uint64(13)
    state ^= state >> np.uint64(7)
    state ^= state << np.uint64(17)
    states[row] = state
    return np.uintp(((state >> np.uint64(32)) * np.uint64(row_count)) >> np.uint64(32))


_run_on_one_core = numba.njit(fastmath=True, nogil=True, cache=True)(_run_epoch)
_run_on_all_cores = numba.njit(fastmath=True, nogil=True, cache=True, parallel=True)(_run_epoch)
