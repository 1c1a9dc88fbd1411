"""Two tables are combined by name, never by position."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

from covey import CoveyError, Embedding, Features
from covey.analysis.join_tables import join_tables
from covey.data.folder import FolderDataset
from covey.testing import tiny_tables


def features(names: str, columns: int = 2) -> Features:
    X = np.array([[10 * ord(name) + column for column in range(columns)] for name in names], dtype=np.float32)
    return Features(names=list(names), X=X, provenance=None)


def embedding(names: str) -> Embedding:
    Z = features(names).X
    return Embedding(names=list(names), Z=Z, map=-Z, provenance=None)


def test_rows_are_matched_by_name_in_the_order_of_the_first() -> None:
    joined = join_tables(features("cab"), features("bxca", columns=3)).table
    assert joined.names.tolist() == ["c", "a", "b"]
    for name, row in zip("cab", joined.X, strict=True):
        assert row.tolist() == [10 * ord(name) + column for column in (0, 1, 0, 1, 2)]
    assert joined.X.dtype == np.float32


def test_a_joined_embedding_keeps_the_map_of_the_first() -> None:
    joined = join_tables(embedding("cab"), embedding("ba")).table
    assert joined.names.tolist() == ["a", "b"]
    assert joined.Z.shape == (2, 4)
    np.testing.assert_array_equal(joined.map, embedding("ab").map)


def test_the_balance_names_images_that_only_one_table_has() -> None:
    joined = join_tables(features("abc"), features("cdefgh"))
    assert joined.only_left.tolist() == ["a", "b"]
    assert joined.only_right.tolist() == ["d", "e", "f", "g", "h"]
    message = "1 image is in both; 2 only in the first: a, b; 5 only in the second: d, e, f and 2 more."
    assert joined.balance == message
    assert join_tables(features("ab"), features("ba")).balance == "2 images are in both."


@pytest.mark.parametrize(
    ("first", "second", "sentence"),
    [
        (features("ab"), features("xy"), "share no image .they begin with 'a' and 'x'"),
        (features("ab"), features(""), "share no image .they begin with 'a' and no image"),
        (features("ab"), embedding("ab"), "of one kind can be joined, not features and embedding"),
        (features("aba"), features("ab"), "'a' stands twice"),
        (features("ab"), features("abb"), "'b' stands twice"),
    ],
)
def test_tables_that_do_not_fit_are_refused(first: Any, second: Any, sentence: str) -> None:
    with pytest.raises(CoveyError, match=sentence):
        join_tables(first, second)


def test_a_joined_table_is_kept_under_a_key_of_its_own(tmp_path: Path) -> None:
    first, second, _ = tiny_tables(["a.png", "b.png"])
    assert isinstance(first, Features)
    assert isinstance(second, Embedding)
    assert first.provenance is not None
    others = [attrs.evolve(first, provenance=attrs.evolve(first.provenance, version=number)) for number in (2, 3)]
    tables = [
        join_tables(first, others[0]).table,
        join_tables(first, others[1]).table,
        join_tables(others[0], first).table,
    ]
    dataset = FolderDataset(tmp_path)
    dataset.save([*tables, join_tables(second, second).table])
    assert len(dataset.entries()) == 4
    for table in tables:
        assert table.provenance is not None
        entry = dataset.find(table.provenance.key)
        assert entry is not None
        found = dataset.load(entry)
        assert isinstance(found, Features)
        np.testing.assert_array_equal(found.X, table.X)
        assert found.provenance == table.provenance
