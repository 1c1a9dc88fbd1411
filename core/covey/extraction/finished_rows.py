"""The features of a layer once all batches are finished, read from shards and from an earlier table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import attrs
import numpy as np

from covey._base.files import make_folder, read_text, write_text
from covey.components.contracts import Floats
from covey.data.dataset import Dataset, Entry
from covey.data.images import key_of
from covey.data.provenance import Provenance
from covey.data.tables import Features
from covey.extraction.decoded_batches import InputFile
from covey.extraction.shards import Batch, Content, Plan, Shard, Shards

BLOCK = 256
"""Rows that are in memory at once."""


@attrs.frozen
class EarlierRows:
    """An earlier table of the same layer, made from other images.

    Attributes:
        entry: the table.
        names: names that the images to be taken over have in it, by content.
    """

    entry: Entry[Features]
    names: Mapping[Content, str]


class FinishedRows:
    """The rows of a layer by the content of their images.

    Attributes:
        problems: why images gave no row, by content.
        oddities: what is odd about images that gave one, by content.
        machines: descriptions of what computed the rows, as keys in order.
        widths: numbers of features, each with an image that has so many; more than one is an error.

    Args:
        shards: of the layer.
        plan: its batches, all finished.
        earlier: rows (d,) taken over from an earlier table, by content.

    Raises:
        CoveyError: a shard is missing or damaged.
    """

    def __init__(self, shards: Shards, plan: Plan, earlier: Mapping[Content, Floats]) -> None:
        self._shards = shards
        self._earlier = earlier
        self._batches: dict[Content, Batch] = {}
        self.problems: dict[Content, str] = {}
        self.oddities: dict[Content, str] = {}
        self.machines: dict[str, None] = {}
        self.widths = {len(row): content_hash for content_hash, row in list(earlier.items())[:1]}
        for batch in plan.batches:
            self._read_shard(batch, shards.read(batch))

    def __contains__(self, content: Content) -> bool:
        return content in self._batches or content in self._earlier

    def blocks(self, contents: Sequence[Content]) -> Iterator[Floats]:
        """Yield the rows of images as arrays (b, d) float32, in order."""
        for start in range(0, len(contents), BLOCK):
            yield self._block(contents[start : start + BLOCK])

    def _read_shard(self, batch: Batch, shard: Shard) -> None:
        self.problems.update(shard.problems)
        self.oddities.update(shard.oddities)
        if shard.machine:
            self.machines[shard.machine] = None
        for content_hash in shard.contents:
            self._batches[content_hash] = batch
            self.widths.setdefault(shard.X.shape[1], content_hash)

    def _block(self, contents: Sequence[Content]) -> Floats:
        row_of_content: dict[Content, Floats] = {}
        for batch in dict.fromkeys(
            self._batches[content_hash] for content_hash in contents if content_hash in self._batches
        ):
            shard = self._shards.read(batch)
            row_of_content.update(zip(shard.contents, shard.X, strict=True))
        return np.stack(
            [
                row_of_content[content_hash] if content_hash in row_of_content else self._earlier[content_hash]
                for content_hash in contents
            ]
        )


def count_constant_columns(blocks: Iterable[Floats]) -> int:
    """Return how many columns of an array, given in blocks of rows (b, d), have one value in all rows."""
    lowest, highest = None, None
    for block in blocks:
        lowest = block.min(0) if lowest is None else np.minimum(lowest, block.min(0))
        highest = block.max(0) if highest is None else np.maximum(highest, block.max(0))
    return 0 if lowest is None else int((lowest == highest).sum())


def remember_contents(work: Path, files: Sequence[InputFile]) -> None:
    """Write the content of each image to a file named after the key of the set.

    Tables of features hold only that key and the names, so a later run finds unchanged images by this file.

    Raises:
        CoveyError: the file cannot be written.
    """
    path = _contents_file(work, key_of(files))
    if not path.exists():
        make_folder(path.parent)
        write_text(path, json.dumps([(file.name, file.identity) for file in files]))


def find_earlier_rows(
    work: Path, dataset: Dataset, provenance: Provenance, contents: Iterable[Content]
) -> EarlierRows | None:
    """Return the earlier table that holds most of the images to be computed; None if none holds any.

    Args:
        work: folder with the contents of earlier sets of images.
        dataset: where earlier tables are.
        provenance: how the new table is made; the earlier one differs in its images alone.
        contents: images to be computed.
    """
    content_set = set(contents)
    candidates = [
        EarlierRows(
            entry,
            {
                content_hash: name
                for content_hash, name in _list_rows(work, entry.provenance)
                if content_hash in content_set
            },
        )
        for entry in dataset.features()
        if entry.provenance and attrs.evolve(entry.provenance, input=provenance.input).key == provenance.key
    ]
    best_candidate = max(candidates, key=lambda candidate: len(candidate.names), default=None)
    return best_candidate if best_candidate and best_candidate.names else None


def find_earlier_oddities(earlier: EarlierRows | None) -> dict[Content, str]:
    """Return what is odd about images whose rows are taken over, by content."""
    if earlier is None or earlier.entry.provenance is None:
        return {}
    oddity_of_name = earlier.entry.provenance.details.odd
    return {
        content_hash: oddity_of_name[name] for content_hash, name in earlier.names.items() if name in oddity_of_name
    }


def load_earlier_rows(dataset: Dataset, earlier: EarlierRows | None) -> dict[Content, Floats]:
    """Return the rows (d,) that are taken over, by content.

    Raises:
        CoveyError: their table is damaged.
    """
    if earlier is None:
        return {}
    table = dataset.load(earlier.entry)
    row_of_name = {name: row for row, name in enumerate(table.names.tolist())}
    return {content_hash: table.X[row_of_name[name]] for content_hash, name in earlier.names.items()}


def _list_rows(work: Path, provenance: Provenance) -> Iterator[tuple[Content, str]]:
    """Yield content and name of each row of a table; nothing if the contents of its images are not known."""
    try:
        names_and_contents = json.loads(read_text(_contents_file(work, provenance.input)))
    except (OSError, ValueError, RecursionError):
        return
    broken_names = provenance.details.broken
    yield from ((content_hash, name) for name, content_hash in names_and_contents if name not in broken_names)


def _contents_file(work: Path, key: str) -> Path:
    return work / "inputs" / f"{key}.json"
