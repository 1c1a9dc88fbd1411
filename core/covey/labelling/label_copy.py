"""A copy of labels that lies in memory alone: what is done in it reaches nobody else, and ends with the copy."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import attrs

from covey.labelling import changes
from covey.labelling.database import copy_in_memory, read_sound_contents
from covey.labelling.store import LabelStore, label_path

if TYPE_CHECKING:
    from covey.data.dataset import Dataset


@attrs.define(eq=False)
class LabelMemory:
    """The contents of a label file, as they are after the last change."""

    contents: bytes = attrs.field(repr=False)
    _lock: Lock = attrs.field(factory=Lock, init=False, repr=False)

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """Open the contents to change them: wholly, or not at all if the block fails."""
        with self._lock, copy_in_memory(self.contents) as db:
            yield db
            db.commit()
            self.contents = db.serialize()


@attrs.frozen
class LabelCopy(LabelStore):
    """The labels of a dataset and what was done with them in memory; `path` is a name that no file has."""

    memory: LabelMemory = attrs.field(kw_only=True, eq=False, repr=False)

    @contextmanager
    def _read_transaction(self) -> Iterator[sqlite3.Connection]:
        with copy_in_memory(self.memory.contents) as db:
            yield db

    @contextmanager
    def _write_transaction(self) -> Iterator[sqlite3.Connection]:
        contents = self._contents_to_assume()
        with self.memory.change() as db:
            changes.assume_contents(db, contents, self.clips(contents))
            yield db


def copy_labels(dataset: Dataset) -> LabelStore:
    """Return a copy of the labels of a dataset in memory, which can be changed while the dataset stays as it is.

    Raises:
        CoveyError: the label file is held by another program, damaged, of a newer covey, or not ours.
    """
    path = label_path(dataset)
    return LabelCopy(
        Path(f"labels-in-memory-{secrets.token_hex(8)}"),
        contents=dataset.image_contents,
        clips=dataset.image_clips,
        memory=LabelMemory(read_sound_contents(path, LabelStore(path).patience)),
    )
