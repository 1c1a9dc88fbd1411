"""More like this, and what is typical of a group."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from covey.analysis.assist.neighbours import MEMBERS, SAMPLE, measure_oddity, nearest_rows


@pytest.fixture(name="X")
def features() -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(size=(3000, 40)).astype(np.float32)


class TestNearest:
    @pytest.mark.parametrize("chosen", [[7], [2999, 7, 1500]])
    def test_it_finds_what_a_plain_search_finds(self, X: NDArray[np.float32], chosen: list[int]) -> None:
        X[:, 0] *= 1000
        rows = np.array(chosen)
        scaled = X.astype(np.float64) / X.std(axis=0, dtype=np.float64)
        distances = np.min([np.linalg.norm(scaled - scaled[row], axis=1) for row in rows], axis=0)
        distances[rows] = np.inf
        assert nearest_rows(X, rows, 50).tolist() == np.argsort(distances)[:50].tolist()

    def test_blocks_do_not_change_the_result(self, X: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch) -> None:
        whole = nearest_rows(X, np.array([3]), 100)
        monkeypatch.setattr("covey.analysis.assist.neighbours.BLOCK", 40 * 700)
        assert nearest_rows(X, np.array([3]), 100).tolist() == whole.tolist()

    def test_a_selection_in_two_pieces_finds_what_adjoins_either(self) -> None:
        Z = (
            np.repeat(np.array([0, 10, 20], dtype=np.float32), 40)[:, None]
            + np.linspace(0, 1, 120, dtype=np.float32)[:, None]
        )
        chosen = np.array([*range(5), *range(80, 85)])
        computed = nearest_rows(Z, chosen, 70)
        assert set(computed.tolist()) == {*range(5, 40), *range(85, 120)}

    def test_the_selection_itself_is_not_found(self, X: NDArray[np.float32]) -> None:
        chosen = np.arange(MEMBERS + 100)
        computed = nearest_rows(X, chosen, len(X))
        assert sorted(computed.tolist()) == list(range(MEMBERS + 100, len(X)))

    def test_a_constant_column_harms_nothing(self, X: NDArray[np.float32]) -> None:
        both = np.hstack([X, np.full((len(X), 1), 3, dtype=np.float32)])
        assert nearest_rows(both, np.array([9]), 20).tolist() == nearest_rows(X, np.array([9]), 20).tolist()


class TestOddity:
    def test_it_is_the_mean_distance_to_the_ten_nearest(self, X: NDArray[np.float32]) -> None:
        group = X[:300]
        distances = np.sort(np.linalg.norm(group[:, None] - group[None], axis=2), axis=1)[:, 1:11]
        np.testing.assert_allclose(measure_oddity(group), distances.mean(axis=1), rtol=1e-3)

    def test_in_a_ring_what_lies_within_it_is_odd(self) -> None:
        """A distance to the middle would call it the most typical."""
        angles = np.linspace(0, 2 * np.pi, 400, endpoint=False)
        ring = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        values = measure_oddity(np.vstack([ring, [[0, 0]]]).astype(np.float32))
        assert values.argmax() == 400

    def test_a_large_group_is_told_alike(self) -> None:
        rng = np.random.default_rng(1)
        Z = np.concatenate([rng.normal(0, 1, (2 * SAMPLE, 3)), rng.normal(40, 1, (5, 3))]).astype(np.float32)
        assert set(np.argsort(measure_oddity(Z))[-5:].tolist()) == set(range(2 * SAMPLE, 2 * SAMPLE + 5))

    @pytest.mark.parametrize(("count", "values"), [(0, []), (1, [0]), (2, [5, 5])])
    def test_few_images(self, count: int, values: list[float]) -> None:
        Z = np.array([[0, 0], [3, 4]], dtype=np.float32)[:count]
        assert measure_oddity(Z).tolist() == values
