"""More like this, and what is typical of a group."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from covey.analysis.assist.neighbours import MEMBERS, SAMPLE, measure_columns, measure_oddity, nearest_rows


@pytest.fixture(name="X")
def features() -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(size=(3000, 40)).astype(np.float32)


class TestNearest:
    @pytest.mark.parametrize("chosen", [[7], [2999, 7, 1500]])
    def test_it_finds_what_a_plain_search_finds(self, X: NDArray[np.float32], chosen: list[int]) -> None:
        X[:, 0] *= 1000
        deviations: NDArray[np.float64] = X.std(axis=0, dtype=np.float64)
        scaled: NDArray[np.float64] = X.astype(np.float64) / deviations
        distances: NDArray[np.float64] = np.min(
            [np.linalg.norm(scaled - scaled[row], axis=1) for row in chosen], axis=0
        )
        distances[chosen] = np.inf
        order: NDArray[np.intp] = np.argsort(distances)
        np.testing.assert_array_equal(nearest_rows(X, np.array(chosen, dtype=np.intp), 50), order[:50])

    @pytest.mark.parametrize("row", range(5))
    def test_far_from_zero_where_estimates_are_rough_it_is_exact(self, X: NDArray[np.float32], row: int) -> None:
        X += 30_000
        scaled = (X / X.std(axis=0, dtype=np.float64).astype(np.float32)).astype(np.float64)
        order: NDArray[np.intp] = np.argsort(np.linalg.norm(scaled - scaled[row], axis=1))
        assert set(nearest_rows(X, np.array([row], dtype=np.intp), 100)) == set(order[1:101])

    def test_what_was_measured_of_the_columns_is_used(self, X: NDArray[np.float32]) -> None:
        rows, stretch = np.array([7], dtype=np.intp), np.ones(40, dtype=np.float32)
        stretch[0] = 1000
        stretched = nearest_rows(X * stretch, rows, 50, measure_columns(X * stretch))
        np.testing.assert_array_equal(stretched, nearest_rows(X, rows, 50))
        assert nearest_rows(X * stretch, rows, 50, measure_columns(X)).tolist() != stretched.tolist()

    def test_blocks_do_not_change_the_result(self, X: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch) -> None:
        rows = np.array([3], dtype=np.intp)
        whole = nearest_rows(X, rows, 100)
        monkeypatch.setattr("covey.analysis.assist.neighbours.BLOCK", 40 * 700)
        np.testing.assert_array_equal(nearest_rows(X, rows, 100), whole)

    def test_a_selection_in_two_pieces_finds_what_adjoins_either(self) -> None:
        starts: NDArray[np.float32] = np.repeat(np.array([0, 10, 20], dtype=np.float32), 40)
        Z = (starts + np.linspace(0, 1, 120, dtype=np.float32))[:, None]
        chosen = np.array([*range(5), *range(80, 85)], dtype=np.intp)
        computed: list[int] = nearest_rows(Z, chosen, 70).tolist()
        assert set(computed) == {*range(5, 40), *range(85, 120)}

    def test_the_selection_itself_is_not_found(self, X: NDArray[np.float32]) -> None:
        chosen = np.arange(MEMBERS + 100)
        computed: list[int] = nearest_rows(X, chosen, len(X)).tolist()
        assert sorted(computed) == list(range(MEMBERS + 100, len(X)))

    def test_a_constant_column_harms_nothing(self, X: NDArray[np.float32]) -> None:
        constant: NDArray[np.float32] = np.full((len(X), 1), 3, dtype=np.float32)
        rows = np.array([9], dtype=np.intp)
        np.testing.assert_array_equal(nearest_rows(np.hstack([X, constant]), rows, 20), nearest_rows(X, rows, 20))


class TestOddity:
    def test_it_is_the_mean_distance_to_the_ten_nearest(self, X: NDArray[np.float32]) -> None:
        group = X[:300]
        distances: NDArray[np.float32] = np.linalg.norm(group[:, None] - group[None], axis=2)
        nearest = np.sort(distances, axis=1)[:, 1:11]
        np.testing.assert_allclose(measure_oddity(group), nearest.mean(axis=1), rtol=1e-3)

    def test_in_a_ring_what_lies_within_it_is_odd(self) -> None:
        """A distance to the middle would call it the most typical."""
        angles = np.linspace(0, 2 * np.pi, 400, endpoint=False)
        Z = np.zeros((401, 2), dtype=np.float32)
        Z[:400, 0], Z[:400, 1] = np.cos(angles), np.sin(angles)
        assert int(measure_oddity(Z).argmax()) == 400

    def test_in_a_large_group_distant_images_are_the_oddest(self) -> None:
        rng = np.random.default_rng(1)
        Z = np.concatenate([rng.normal(0, 1, (2 * SAMPLE, 3)), rng.normal(40, 1, (5, 3))]).astype(np.float32)
        order: list[int] = np.argsort(measure_oddity(Z)).tolist()
        assert set(order[-5:]) == set(range(2 * SAMPLE, 2 * SAMPLE + 5))

    @pytest.mark.parametrize(("count", "values"), [(0, []), (1, [0]), (2, [5, 5])])
    def test_few_images(self, count: int, values: list[float]) -> None:
        Z = np.array([[0, 0], [3, 4]], dtype=np.float32)[:count]
        assert measure_oddity(Z).tolist() == values
