"""How well clusters agree with labels that a person gave."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs
import numpy as np

from covey.errors import CoveyError, reason
from covey.tables import Clustering

NOISE = -1


@attrs.frozen(kw_only=True)
class Scores:
    """What one clustering is like, and how it agrees with labels.

    `images` are those with a label, `clusters` does not count noise, `coverage` is the share of images in clusters.
    `ami` (Vinh et al. 2010) and `ari` (Hubert & Arabie 1985) take noise as one more cluster: 1 is perfect
    agreement, 0 what chance gives.
    """

    images: int
    clusters: int
    coverage: float
    ami: float
    ari: float


def read_labels(path: Path, column: str | None = None) -> dict[str, str]:
    """Read the labels of images from a CSV file with a column `filename`.

    Args:
        path: the file.
        column: the column with the labels; by default `label`, or else the second.

    Returns:
        The label of each image that has one.

    Raises:
        CoveyError: the file cannot be read, or lacks a column.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            name, label = _columns(path, list(rows.fieldnames or []), column)
            return {row[name]: row[label] for row in rows if row[name] and row[label]}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CoveyError(f"The labels {path} cannot be read: {reason(error)}. Name a CSV file in UTF-8.") from error


def evaluate(clustering: Clustering, labels: Mapping[str, str]) -> Scores:
    """Compare a clustering with labels; images without a label are left out.

    Raises:
        CoveyError: no image of the clustering has a label.
    """
    from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

    known = np.array([name in labels for name in clustering.names.tolist()], dtype=bool)
    if not known.any():
        name = clustering.names[0] if len(clustering.names) else "none"
        raise CoveyError(f"No image has a label: the labels name {next(iter(labels), 'none')!r}, the images {name!r}.")
    clusters = clustering.labels[known]
    truth = [labels[name] for name in clustering.names[known].tolist()]
    return Scores(
        images=len(truth),
        clusters=len(set(clusters.tolist()) - {NOISE}),
        coverage=float(np.mean(clusters != NOISE)),
        ami=float(adjusted_mutual_info_score(truth, clusters)),
        ari=float(adjusted_rand_score(truth, clusters)),
    )


def _columns(path: Path, heads: Sequence[str], label: str | None) -> tuple[str, str]:
    if "filename" not in heads or len(heads) < 2:
        raise CoveyError(
            f"The labels {path} need a column 'filename' and one with labels; there is: {', '.join(heads)}."
        )
    wanted = label or ("label" if "label" in heads else next(head for head in heads if head != "filename"))
    if wanted not in heads:
        raise CoveyError(f"The labels {path} have no column {wanted!r}; there is: {', '.join(heads)}.")
    return "filename", wanted
