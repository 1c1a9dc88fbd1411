"""Shards: few files, each whole, read once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from covey import CoveyError
from covey.extraction.shards import FEATURES, ROWS, Batch, Shard, Shards

BATCHES: list[Batch] = [tuple(f"{number:02}{image:062}" for image in range(512)) for number in range(19)]


def shard_of(batch: Batch) -> Shard:
    first = int(batch[0][:2])
    return Shard(batch[1:], {FEATURES: np.full((511, 3), first, np.float32)}, {batch[0]: "broken"}, f"machine {first}")


@pytest.fixture
def shards(tmp_path: Path) -> Shards:
    shards = Shards(tmp_path)
    for batch in BATCHES:
        shards.add(batch, shard_of(batch))
    return shards


def test_files_of_single_batches_are_joined(shards: Shards) -> None:
    files = sorted(path.stat().st_size for path in shards.folder.iterdir())
    assert len(files) == len(BATCHES) // (ROWS // 512) + len(BATCHES) % (ROWS // 512)
    assert shards.finished(BATCHES) == BATCHES
    assert shards.images(BATCHES) == 512 * len(BATCHES)


def test_every_batch_is_read_back(shards: Shards) -> None:
    found = dict(shards.read(BATCHES))
    assert set(found) == set(BATCHES)
    for batch, shard in found.items():
        expected = shard_of(batch)
        assert (shard.contents, shard.problems, shard.machine) == (
            expected.contents,
            expected.problems,
            expected.machine,
        )
        np.testing.assert_array_equal(shard.arrays[FEATURES], expected.arrays[FEATURES])


def test_a_run_that_goes_on_joins_what_it_finds(shards: Shards) -> None:
    """Three batches lie alone; five more fill a file."""
    again = Shards(shards.folder)
    assert again.finished(BATCHES) == BATCHES
    later: list[Batch] = [tuple(f"{number}{image:062}" for image in range(512)) for number in range(50, 55)]
    for batch in later:
        again.add(batch, shard_of(batch))
    assert len(list(shards.folder.iterdir())) == 3
    assert again.finished([*BATCHES, *later]) == [*BATCHES, *later]


def test_a_damaged_file_costs_its_batches_alone(shards: Shards) -> None:
    largest = max(shards.folder.iterdir(), key=lambda path: path.stat().st_size)
    largest.write_bytes(largest.read_bytes()[:-100])
    assert len(Shards(shards.folder).finished(BATCHES)) == len(BATCHES) - ROWS // 512
    with pytest.raises(CoveyError, match=r"cannot be read .*start again"):
        list(shards.read(BATCHES))
    largest.unlink()
    with pytest.raises(CoveyError, match="lacks the features of 4,096 images: start again"):
        list(shards.read(BATCHES))
