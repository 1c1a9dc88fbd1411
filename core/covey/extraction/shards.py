"""Shards: what finished batches gave, on disk.

Each batch is written as soon as it is computed, so that an interruption costs one batch at most. Files of many batches
are joined, so that there are few of them: one for `ROWS` rows.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from covey._base.digests import digest
from covey._base.errors import CoveyError, reason
from covey._base.files import make_folder, read_text, replace_file, write_text
from covey._base.text import count_noun
from covey.components.contracts import Runtime
from covey.components.extras import ExtraArrays
from covey.data.formats.npz_file import DAMAGED
from covey.data.provenance import Provenance

Content = str
"""Identifies an image, whatever its name: `ImageFile.identity`, a SHA-256 in hexadecimal digits."""
Batch = tuple[Content, ...]

FOLDER, PLAN = "features", "plan.json"
ROWS, MOST_BYTES = 4096, 64 << 20
"""Images, and bytes, from which the files of single batches are joined."""
FEATURES = "X"
"""The name of the array of features in the shard of a layer."""
_ARRAY = "array."


@attrs.frozen
class Plan:
    """How the features of a layer are computed.

    Layers with equal plans go through the network together, whatever their tags.

    Attributes:
        runtime: settings of the first start.
        batches: images that are computed together.
        tag: short name of the layer.
    """

    runtime: Runtime
    batches: tuple[Batch, ...]
    tag: str = attrs.field(default="", eq=False)


@attrs.frozen(eq=False)
class Shard:
    """What one batch gave for one table: a layer, or an extra table.

    Attributes:
        contents: images that gave something.
        arrays: features (n, d) float32 as `FEATURES`, or the columns of an extra table, a row for each of these images.
        problems: why each other image of the batch gave none.
        machine: what computed them, see `covey.extraction.runtime.describe_machine`.
        oddities: what is odd about images that gave features, see `covey.data.picture_decoding.ODDITIES`.
    """

    contents: Batch
    arrays: ExtraArrays
    problems: Mapping[Content, str]
    machine: str = ""
    oddities: Mapping[Content, str] = attrs.field(factory=dict)


class Shards:
    """A folder with the plan and the shards of one layer.

    Files are whole or missing. Only those that are not joined yet can be damaged by a power cut; they are then computed
    again.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._single_paths: dict[Path, int] = {}

    def plan(self) -> Plan | None:
        """Return the plan of an unfinished run; None if there is none, or it is damaged."""
        try:
            document = json.loads(read_text(self.folder / PLAN))
            return Plan(
                Runtime(**document["runtime"]), tuple(map(tuple, document["batches"])), str(document.get("tag", ""))
            )
        except (OSError, ValueError, RecursionError, KeyError, TypeError, CoveyError):
            return None

    def begin(self, plan: Plan) -> None:
        """Write the plan.

        Raises:
            CoveyError: the folder cannot be written.
        """
        make_folder(self.folder)
        write_text(self.folder / PLAN, json.dumps(attrs.asdict(plan)))

    def add(self, batch: Batch, shard: Shard) -> None:
        """Write the shard of a batch.

        Raises:
            CoveyError: the folder cannot be written.
        """
        key = _key(batch)
        path = self._write({key: shard}, key, durable=False)
        self._single_paths[path] = _count_images(shard)
        if sum(self._single_paths.values()) >= ROWS or sum(map(_file_size, self._single_paths)) >= MOST_BYTES:
            self._join()

    def read(self, batches: Iterable[Batch]) -> Iterator[tuple[Batch, Shard]]:
        """Yield batches with their shards, in any order; each file is read once.

        Raises:
            CoveyError: one is missing or damaged.
        """
        missing = {_key(batch): batch for batch in batches}
        for path in self._paths():
            for key, shard in _read_shards(path).items():
                if key in missing:
                    yield missing.pop(key), shard
        if missing:
            images = count_noun(sum(map(len, missing.values())), "image")
            raise CoveyError(f"{self.folder} lacks the features of {images}: start again, they are then computed anew.")

    def finished(self, batches: Iterable[Batch]) -> list[Batch]:
        """Return those of the batches whose shards can be read."""
        keys: set[str] = set()
        for path in self._paths():
            with suppress(CoveyError):
                shards = _read_shards(path)
                keys |= shards.keys()
                if len(shards) == 1:
                    self._single_paths[path] = sum(map(_count_images, shards.values()))
        return [batch for batch in batches if _key(batch) in keys]

    def images(self, batches: Iterable[Batch]) -> int:
        """Return how many images are in those of the batches that have a shard."""
        keys = {key for path in self._paths() for key in _list_keys(path)}
        return sum(len(batch) for batch in batches if _key(batch) in keys)

    def clear(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _paths(self) -> list[Path]:
        return sorted(self.folder.glob("*.npz"))

    def _join(self) -> None:
        """Join the files of single batches to one."""
        shards = {key: shard for path in self._single_paths for key, shard in _read_shards(path).items()}
        self._write(shards, digest(list(shards))[:32], durable=True)
        for path in self._single_paths:
            path.unlink(missing_ok=True)
        self._single_paths.clear()

    def _write(self, shards: Mapping[str, Shard], name: str, durable: bool) -> Path:
        path = self.folder / f"{name}.npz"
        arrays: dict[str, Any] = {
            f"{key}/{part}": array for key, shard in shards.items() for part, array in _as_arrays(shard).items()
        }
        with replace_file(path, durable) as file:
            np.savez(file, **arrays)
        return path


def _key(batch: Batch) -> str:
    return digest(batch)[:32]


def _count_images(shard: Shard) -> int:
    return len(shard.contents) + len(shard.problems)


def _as_arrays(shard: Shard) -> dict[str, NDArray[Any]]:
    return {
        "contents": np.array(shard.contents, dtype="U64"),
        "problems": np.array(json.dumps(shard.problems)),
        "oddities": np.array(json.dumps(shard.oddities)),
        "machine": np.array(shard.machine),
        **{_ARRAY + name: array for name, array in shard.arrays.items()},
    }


def _from_arrays(arrays: Mapping[str, NDArray[Any]]) -> Shard:
    return Shard(
        contents=tuple(arrays["contents"].tolist()),
        arrays={name.removeprefix(_ARRAY): array for name, array in arrays.items() if name.startswith(_ARRAY)},
        problems=json.loads(str(arrays["problems"])),
        machine=str(arrays["machine"]),
        oddities=json.loads(str(arrays["oddities"])),
    )


def _read_shards(path: Path) -> dict[str, Shard]:
    """Return the shards in a file by the keys of their batches.

    Raises:
        CoveyError: it is damaged.
    """
    parts: dict[str, dict[str, NDArray[Any]]] = {}
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            for name in file:
                key, _, part = name.partition("/")
                parts.setdefault(key, {})[part] = file[name]
        return {key: _from_arrays(arrays) for key, arrays in parts.items()}
    except DAMAGED as error:
        raise CoveyError(
            f"{path} cannot be read ({reason(error)}): start again, its images are then computed anew."
        ) from error


def _list_keys(path: Path) -> set[str]:
    """Return the keys of the batches in a file, none if it is damaged."""
    with suppress(*DAMAGED), path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
        return {name.partition("/")[0] for name in file}
    return set()


def _file_size(path: Path) -> int:
    return path.stat().st_size


@attrs.frozen
class Unfinished:
    """An interrupted extraction of one layer: number of finished images, of all, and the folder of its shards."""

    tag: str
    done: int
    total: int
    folder: Path


def list_unfinished(work: Path) -> list[Unfinished]:
    """Return the interrupted extractions in a work folder; none if it is somebody else's."""
    try:
        folders = sorted((work / FOLDER).glob("*"))
    except OSError:
        return []
    plans = [(shards, shards.plan()) for shards in map(Shards, folders)]
    return [
        Unfinished(plan.tag, shards.images(plan.batches), sum(map(len, plan.batches)), shards.folder)
        for shards, plan in plans
        if plan
    ]


def shards_of(work: Path, provenance: Provenance) -> Shards:
    """Return the shards of a layer; they are the same whatever the images are."""
    return Shards(work / FOLDER / attrs.evolve(provenance, input="").key)
