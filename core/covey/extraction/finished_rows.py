"""The rows of a layer or an extra table once all batches are finished, read from shards and from an earlier table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile

import attrs
import numpy as np

from covey._base.errors import CoveyError, reason
from covey._base.files import make_folder, read_text, write_text
from covey.components.contracts import Floats
from covey.components.extras import ExtraArrays
from covey.data.dataset import AnyEntry, Dataset
from covey.data.images import key_of
from covey.data.provenance import Provenance
from covey.data.tables import Extra, Features, Table
from covey.extraction.decoded_batches import InputFile
from covey.extraction.shards import FEATURES, Batch, Content, Plan, Shard, Shards

BLOCK = 256
"""Rows that are in memory at once."""


@attrs.frozen
class EarlierRows:
    """An earlier table of the same kind, made from other images.

    Attributes:
        entry: the table.
        names: names that the images to be taken over have in it, by content.
    """

    entry: AnyEntry
    names: Mapping[Content, str]


@attrs.frozen(eq=False)
class LoadedRows:
    """The rows of an earlier table: its arrays (n, d) by name, and the row of each image by content."""

    arrays: ExtraArrays = attrs.field(factory=dict)
    rows: Mapping[Content, int] = attrs.field(factory=dict)


class FinishedRows:
    """The rows of a layer or of an extra table by the content of their images.

    Features lie in a temporary file beside the shards, so that each shard is read once, however the images are ordered.

    Attributes:
        problems: why images gave no row, by content.
        oddities: what is odd about images that gave one, by content.
        machines: descriptions of what computed the rows, in the order of the plan.
        widths: numbers of features, each with the first image that has so many; more than one is an error.

    Args:
        shards: of the layer or table.
        plan: its batches, all finished.
        earlier: rows taken over from an earlier table.

    Raises:
        CoveyError: a shard is missing or damaged.
    """

    def __init__(self, shards: Shards, plan: Plan, earlier: LoadedRows) -> None:
        self._earlier = earlier
        self._rows: dict[Content, int] = {}
        self._columns: list[ExtraArrays] = []
        self.problems: dict[Content, str] = {}
        self.oddities: dict[Content, str] = {}
        self.widths: dict[int, Content] = {}
        if earlier.rows and FEATURES in earlier.arrays:
            self.widths[earlier.arrays[FEATURES].shape[1]] = next(iter(earlier.rows))
        machines: dict[Batch, str] = {}
        widths: dict[Batch, tuple[int, Content]] = {}
        folder = make_folder(shards.folder)
        try:
            self._features = TemporaryFile(dir=folder)  # noqa: SIM115  # open as long as this is
            for batch, shard in shards.read(plan.batches):
                self._add_shard(batch, shard)
                machines[batch] = shard.machine
                if FEATURES in shard.arrays:
                    widths[batch] = shard.arrays[FEATURES].shape[1], shard.contents[0]
        except OSError as error:
            raise CoveyError(
                f"{shards.folder} cannot be written ({reason(error)}): make room and start again."
            ) from error
        self.machines = list(dict.fromkeys(machines[batch] for batch in plan.batches if machines[batch]))
        for width, content in (widths[batch] for batch in plan.batches if batch in widths):
            self.widths.setdefault(width, content)

    def close(self) -> None:
        """Delete the temporary file."""
        self._features.close()

    def __contains__(self, content: Content) -> bool:
        return content in self._rows or content in self._earlier.rows

    def blocks(self, contents: Sequence[Content]) -> Iterator[Floats]:
        """Yield the features of images as arrays (b, d) float32, in order."""
        (width,) = self.widths
        for start in range(0, len(contents), BLOCK):
            block = np.empty((len(contents[start : start + BLOCK]), width), np.float32)
            for features, content in zip(block, contents[start : start + BLOCK], strict=True):
                if content in self._earlier.rows:
                    features[:] = self._earlier.arrays[FEATURES][self._earlier.rows[content]]
                else:
                    self._features.seek(self._rows[content] * features.nbytes)
                    self._features.readinto(features.data)
            yield block

    def columns(self, contents: Sequence[Content]) -> ExtraArrays:
        """Return the columns of an extra table of images, arrays (n, count) in order."""
        parts = [self._earlier.arrays] if self._earlier.rows else []
        offset = sum(len(next(iter(arrays.values()))) for arrays in parts)
        rows = [
            self._earlier.rows[content] if content in self._earlier.rows else offset + self._rows[content]
            for content in contents
        ]
        parts += self._columns
        return {name: np.concatenate([arrays[name] for arrays in parts])[rows] for name in parts[0]}

    def _add_shard(self, batch: Batch, shard: Shard) -> None:
        self.problems.update(shard.problems)
        self.oddities.update(shard.oddities)
        planned_contents = dict(zip(batch, batch, strict=True))  # the texts that are in memory already
        for content in shard.contents:
            self._rows[planned_contents[content]] = len(self._rows)
        if FEATURES in shard.arrays:
            self._features.write(np.ascontiguousarray(shard.arrays[FEATURES], np.float32).tobytes())
        elif shard.arrays:
            self._columns.append(shard.arrays)


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
        for entry in dataset.entries()
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


def load_earlier_rows(dataset: Dataset, earlier: EarlierRows | None) -> LoadedRows:
    """Return the rows that are taken over.

    Raises:
        CoveyError: their table is damaged.
    """
    if earlier is None:
        return LoadedRows()
    table = dataset.load(earlier.entry)
    row_of_name = {name: row for row, name in enumerate(table.names.tolist())}
    return LoadedRows(
        _list_arrays(table), {content_hash: row_of_name[name] for content_hash, name in earlier.names.items()}
    )


def _list_arrays(table: Table) -> ExtraArrays:
    if isinstance(table, Features):
        return {FEATURES: table.X}
    return table.columns if isinstance(table, Extra) else {}


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
