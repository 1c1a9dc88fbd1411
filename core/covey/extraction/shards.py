"""Shards: one file with the features of each finished batch, so that an interruption costs one batch at most."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from covey._base.digests import digest
from covey._base.errors import CoveyError, reason
from covey._base.files import make_folder, read_text, replace_file, write_text
from covey.components.contracts import Runtime
from covey.components.extras import ExtraArrays
from covey.data.formats.npz_file import DAMAGED
from covey.data.provenance import Provenance

Content = str
"""Identifies an image, whatever its name: `ImageFile.identity`, a SHA-256 in hexadecimal digits."""
Batch = tuple[Content, ...]

FOLDER, PLAN = "features", "plan.json"
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
    """A folder with the plan and the shards of one layer. Each file is whole or missing, even after a power cut."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

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
        with replace_file(self._path(batch)) as file:
            contents = np.array(shard.contents, dtype="U64")
            problems, oddities = (np.array(json.dumps(words)) for words in (shard.problems, shard.oddities))
            machine = np.array(shard.machine)
            arrays: dict[str, Any] = {_ARRAY + name: array for name, array in shard.arrays.items()}
            np.savez(file, contents=contents, problems=problems, machine=machine, oddities=oddities, **arrays)

    def read(self, batch: Batch) -> Shard:
        """Read the shard of a batch.

        Raises:
            CoveyError: it is missing or damaged.
        """
        try:
            with self._path(batch).open("rb") as opened, np.load(opened, allow_pickle=False) as file:
                problems, oddities = (
                    json.loads(str(file[key])) if key in file else {} for key in ("problems", "oddities")
                )
                machine = str(file["machine"]) if "machine" in file else ""
                arrays = {key.removeprefix(_ARRAY): file[key] for key in file if key.startswith(_ARRAY)}
                return Shard(tuple(file["contents"].tolist()), arrays, problems, machine, oddities)
        except DAMAGED as error:
            raise CoveyError(
                f"{self._path(batch)} cannot be read ({reason(error)}): start again, its images are then computed anew."
            ) from error

    def finished(self, batch: Batch) -> bool:
        """Whether the shard of a batch can be read."""
        try:
            self.read(batch)
        except CoveyError:
            return False
        return True

    def images(self, batches: Iterable[Batch]) -> int:
        """Return how many images are in those of the batches that have a shard."""
        return sum(len(batch) for batch in batches if self._path(batch).is_file())

    def clear(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, batch: Batch) -> Path:
        return self.folder / f"{digest(batch)[:32]}.npz"


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
