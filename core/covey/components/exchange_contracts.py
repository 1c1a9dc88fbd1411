"""The contracts of exporters and importers: what takes a dataset to other programs, and brings back what they made."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from covey._base.progress import SILENT, Progress
from covey.components.contracts import Component

if TYPE_CHECKING:
    from covey.data.dataset import Dataset
    from covey.outputs.exchange.collect_tables import ExportContents

What = Literal["features", "embeddings", "clusters", "extras", "labels", "metadata"]
WHAT: tuple[What, ...] = ("features", "embeddings", "clusters", "extras", "labels", "metadata")
"""What a dataset holds that can be exported."""


class Exporter(Component):
    """Writes what a dataset holds in the form of another program: `covey export --to NAME`."""

    holds: ClassVar[tuple[What, ...]] = ("labels",)
    """What the form can hold: any of "features", "embeddings", "clusters", "extras", "labels" and "metadata"."""

    @abstractmethod
    def write(self, contents: ExportContents, folder: Path, progress: Progress = SILENT) -> int:
        """Write files into a folder, and return their number, images not counted; 0 if there is nothing to write.

        Args:
            contents: what the dataset holds, as far as it is asked for: the rest is empty.
            folder: where to write; it may not exist yet.
            progress: reports how far it is, and receives notes on what is left out.

        Raises:
            CoveyError: the form cannot hold what there is, or the folder cannot be written.
        """


class Importer(Component):
    """Brings what another program made into a dataset: `covey import NAME`."""

    brings: ClassVar[Literal["labels", "features"]] = "labels"
    """What it adds to the dataset."""
    suffixes: ClassVar[tuple[str, ...]] = ()
    """How its files end, such as ".txt"; empty for any."""
    one_file: ClassVar[bool] = False
    """Whether it reads one file at a time, not several files and folders."""

    @abstractmethod
    def read(self, dataset: Dataset, paths: Sequence[Path], progress: Progress = SILENT) -> str:
        """Add what is in files to a dataset, and return the balance in words: of how many things how many were used.

        Args:
            dataset: where it is added.
            paths: files, and folders of files unless it reads one file; at least one.
            progress: reports how far it is, and receives notes.

        Raises:
            CoveyError: nothing in the files can be used; the dataset is then as it was.
        """
