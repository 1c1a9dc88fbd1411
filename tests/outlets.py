"""A third party's plugin: measures, an exporter and an importer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from covey import CoveyError, Dataset, component, hookimpl, option
from covey.authoring import (
    SILENT,
    AgreementMeasure,
    Codes,
    ExportContents,
    Exporter,
    Importer,
    Measure,
    MeasuredClustering,
    Progress,
    make_folder,
    write_text,
)


@component
class Overlap(AgreementMeasure):
    """Share of the pairs of images on which two groupings agree (Rand 1971)."""

    name = "overlap"
    heading = "Rand"
    meaning = "share of pairs that are together in both or apart in both"

    def agree(self, first: Codes, second: Codes) -> float:
        """Return the share, 0 to 1."""
        together = (first[:, None] == first) == (second[:, None] == second)
        return float(together.mean())


@component
class Singles(Measure):
    """Clusters of one image: the fewer, the better."""

    name = "singles"
    score_format = "count"
    higher_is_better = False

    def compute(self, clustering: MeasuredClustering) -> float | None:
        """Return their number; fails where there are none."""
        labels: list[int] = clustering.labels.tolist()
        count = sum(labels.count(cluster) == 1 for cluster in set(labels) - {-1})
        return count if labels[0] == -1 or count else 1 // count


@component
class Sentences(Exporter):
    """A sentence for each image with a class."""

    name = "sentences"
    verb: str = option(default="shows", help="What stands between image and class.")

    def write(self, contents: ExportContents, folder: Path, progress: Progress = SILENT) -> int:
        """Write one file; none without classes."""
        lines = [f"{image} {self.verb} {', '.join(classes)}\n" for image, classes in contents.classes.items()]
        if lines:
            write_text(make_folder(folder) / "sentences.txt", "".join(lines))
        return int(bool(lines))


@component
class SentencesBack(Importer):
    """Sentences, which become labels again."""

    name = "sentences"
    suffixes = (".txt",)
    verb: str = option(default="shows", help="What stands between image and class.")

    def read(self, dataset: Dataset, paths: Sequence[Path], progress: Progress = SILENT) -> str:
        """Give each image the class that its sentence names."""
        lines = [line for path in paths for line in path.read_text("utf-8").splitlines()]
        pairs = [line.split(f" {self.verb} ") for line in lines]
        usable = [pair for pair in pairs if len(pair) == 2]
        if not usable:
            raise CoveyError(f"No line of {paths[0].name} has the verb {self.verb!r}: name the one it has.")
        for image, label in usable:
            dataset.labels.add([image], label)
        return f"{len(usable)} of {len(lines)} sentences used."


@hookimpl
def covey_exporters() -> Iterable[type[Exporter]]:
    """Offer the exporter."""
    yield Sentences


@hookimpl
def covey_importers() -> Iterable[type[Importer]]:
    """Offer the importer."""
    yield SentencesBack


@hookimpl
def covey_measures() -> Iterable[type[Measure]]:
    """Offer the measures."""
    yield Overlap
    yield Singles
