"""The layout of a neighbour graph: rows are drawn together along its edges and pushed away from random others.

The optimisation of UMAP (McInnes, Healy and Melville 2018, section 4) in a form that lets other threads work
meanwhile: several layouts run side by side, each the same on every run. Imports numba, so only who lays out imports it.
"""

from __future__ import annotations

from threading import Event
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
REPULSIONS = 5
"""Random rows from which a row is pushed away each time it is drawn to another."""
LONGEST = 4.0
"""The largest step in one dimension."""


def layout(Z: Floats, graph: Any, epochs: int, curve: tuple[float, float], seed: int | None, stop: Event) -> Floats:
    """Return better places for rows that start at Z (n, k); Z itself is used up.

    Args:
        Z: where to start, (n, k) float32, contiguous.
        graph: weights of edges, sparse (n, n).
        epochs: rounds; the heaviest edges count in each, lighter ones less often.
        curve: a and b of 1 / (1 + a d^2b), the closeness of two rows at distance d.
        seed: of the random rows; None takes new ones each time, and all cores.
        stop: ends the work early when set.
    """
    edges = graph.tocoo()
    every = (edges.data.max(initial=0) / edges.data).astype(np.float32)
    due, due_apart = every.copy(), every / REPULSIONS
    states = np.random.RandomState(seed).randint(1, 2**63, len(Z), dtype=np.uint64)
    work = _alone if seed is not None else _together
    for epoch in range(epochs):
        if stop.is_set():
            break
        alpha = np.float32(1 - epoch / epochs)
        work(Z, edges.row, edges.col, every, due, due_apart, states, *map(np.float32, curve), alpha, epoch)
    return Z


def _epoch(
    Z: Any, heads: Any, tails: Any, every: Any, due: Any, due_apart: Any, states: Any, a: Any, b: Any, alpha: Any,
    epoch: int,
) -> None:  # fmt: skip
    for edge in numba.prange(len(heads)):
        if due[edge] > epoch:
            continue
        due[edge] += every[edge]
        row, partner = np.uintp(heads[edge]), np.uintp(tails[edge])
        squared = _squared(Z, row, partner)
        if squared > 0:
            power = squared**b
            pull = np.float32(-2) * a * b * power / (squared * (a * power + np.float32(1)))
            for column in range(Z.shape[1]):
                step = alpha * _clipped(pull * (Z[row, column] - Z[partner, column]))
                Z[row, column] += step
                Z[partner, column] -= step
        count = int((epoch - due_apart[edge]) * REPULSIONS / every[edge])
        due_apart[edge] += count * every[edge] / REPULSIONS
        for _ in range(count):
            partner = _drawn(states, row, len(Z))
            squared = _squared(Z, row, partner)
            if squared > 0:
                push = np.float32(2) * b / ((np.float32(0.001) + squared) * (a * squared**b + np.float32(1)))
                for column in range(Z.shape[1]):
                    Z[row, column] += alpha * _clipped(push * (Z[row, column] - Z[partner, column]))


@numba.njit(fastmath=True, inline="always")
def _squared(Z: Any, row: Any, partner: Any) -> Any:
    total = np.float32(0)
    for column in range(Z.shape[1]):
        apart = Z[row, column] - Z[partner, column]
        total += apart * apart
    return total


@numba.njit(inline="always")
def _clipped(force: Any) -> Any:
    return np.float32(min(max(force, -LONGEST), LONGEST))


@numba.njit(inline="always")
def _drawn(states: Any, row: Any, count: int) -> Any:
    """Return a random number below `count` (xorshift: Marsaglia 2003)."""
    state = states[row]
    state ^= state << np.uint64(13)
    state ^= state >> np.uint64(7)
    state ^= state << np.uint64(17)
    states[row] = state
    return np.uintp(((state >> np.uint64(32)) * np.uint64(count)) >> np.uint64(32))


_alone = numba.njit(_epoch, fastmath=True, nogil=True, cache=True)
_together = numba.njit(_epoch, fastmath=True, nogil=True, cache=True, parallel=True)
