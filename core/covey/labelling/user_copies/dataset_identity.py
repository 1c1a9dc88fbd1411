"""Know a dataset again wherever it lies, without writing anything to it.

A dataset that cannot be written takes no mark, and its path says nothing: another one may be mounted there tomorrow. It
is known by what is in it: the first action in its label file, or a sample of its contents. Neither changes while the
dataset grows, and two datasets do not share them.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from covey._base.digests import hash_file
from covey._base.errors import CoveyError
from covey.labelling.database import NAME, reading
from covey.labelling.label_state import identify_first_action

if TYPE_CHECKING:
    from covey.data.dataset import Dataset

MOST_WITNESSES = 100
"""Images or tables by which a dataset is known: enough to tell two apart, few enough to be read at each opening."""
ENOUGH = 0.5
"""The share of these that must still be there: images are deleted, and made again."""


@attrs.frozen
class DatasetIdentity:
    """What a dataset is known by: a hash of the first action in its label file, and samples of its contents.

    `images` has the SHA-256 of images by name, "" if only the name is known; `tables` the keys of tables by name.
    """

    first_action: str = ""
    images: Mapping[str, str] = attrs.field(factory=dict)
    tables: Mapping[str, str] = attrs.field(factory=dict)

    @property
    def is_known(self) -> bool:
        """Whether there is anything to know the dataset by."""
        return bool(self.first_action or self.images or self.tables)

    def matches(self, dataset: Dataset, first_action: str) -> bool:
        """Whether a dataset is this one, given the hash of the first action in its label file."""
        if self.first_action and self.first_action == first_action:
            return True
        contents = dataset.image_contents(self.images) if self.images else {}
        present = sum(name in contents and content in ("", contents[name]) for name, content in self.images.items())
        tables = _list_tables(dataset) if self.tables else {}
        present += sum(tables.get(name) == key for name, key in self.tables.items())
        total = len(self.images) + len(self.tables)
        return total > 0 and present >= total * (1 if "" in self.images.values() else ENOUGH)


def read_first_action(path: Path, patience: float) -> str:
    """Return the hash of the first action in a label file; "" if there is none, or it cannot be read."""
    with suppress(CoveyError), reading(path, patience) as db:
        return identify_first_action(db)
    return ""


def identify_dataset(dataset: Dataset, patience: float) -> DatasetIdentity:
    """Return what a dataset can be known by. Raises CoveyError when its images or tables cannot be listed."""
    images = dataset.images
    names = images.names() if images else []
    contents = dataset.image_contents(names[:: max(1, len(names) // MOST_WITNESSES)][:MOST_WITNESSES])
    first_action = read_first_action(dataset.home / NAME, patience)
    return DatasetIdentity(first_action, contents, {} if contents else _list_tables(dataset))


def _list_tables(dataset: Dataset) -> dict[str, str]:
    """Return the keys of the tables by name: of their provenance, else the SHA-256 of their files."""
    return {
        entry.name: entry.provenance.key if entry.provenance else _hash_table(dataset.home / entry.name)
        for entry in dataset.entries()[:MOST_WITNESSES]
    }


def _hash_table(path: Path) -> str:
    try:
        return hash_file(path)
    except OSError:
        return ""
