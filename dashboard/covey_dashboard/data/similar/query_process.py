"""What is searched for is described in a process of its own: a network's memory is given back when it ends.

`python -m covey_dashboard.data.similar.query_process FOLDER` reads the question in the folder and writes the answer.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import numpy as np

from covey import CoveyError
from covey.frontend import (
    DescribedQuery,
    Registry,
    describe_picture,
    describe_sound,
    describe_text,
    open_dataset,
)

Way = Literal["sound", "picture", "words"]
_QUESTION, _CONTENT, _PROBLEM, _FEATURES = "question.json", "content", "problem.txt", "features.npy"
_PICTURE = "picture_"


def describe_elsewhere(location: str, table: str, way: Way, content: bytes, suffix: str = "") -> DescribedQuery:
    """Describe what is searched for as the images of a dataset were described, in another process.

    Args:
        location: of the dataset.
        table: the name of its features.
        way: what is searched for.
        content: that: the content of a file, or a text as UTF-8.
        suffix: the ending of the file's name.

    Raises:
        CoveyError: it cannot be described.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / _CONTENT).write_bytes(content)
        (folder / _QUESTION).write_text(json.dumps([location, table, way, suffix]), "utf-8")
        subprocess.run([sys.executable, "-m", __name__, name], check=False, stdin=subprocess.DEVNULL)
        return _read_answer(folder)


def _read_answer(folder: Path) -> DescribedQuery:
    if (folder / _PROBLEM).exists():
        raise CoveyError((folder / _PROBLEM).read_text("utf-8"))
    if not (folder / _FEATURES).exists():
        raise CoveyError("The search ended without a word, as when memory runs out: try it again.")
    pictures = [path.read_bytes() for path in sorted(folder.glob(f"{_PICTURE}*"))]
    return DescribedQuery(pictures, np.load(folder / _FEATURES))


def answer(folder: Path) -> None:
    """Answer the question in a folder."""
    location, table, way, suffix = json.loads((folder / _QUESTION).read_text("utf-8"))
    try:
        described = _describe(location, table, way, (folder / _CONTENT).read_bytes(), suffix)
    except CoveyError as error:
        (folder / _PROBLEM).write_text(str(error), "utf-8")
        return
    for number, picture in enumerate(described.pictures):
        (folder / f"{_PICTURE}{number:04}").write_bytes(picture)
    np.save(folder / _FEATURES, described.X)


def _describe(location: str, table: str, way: Way, content: bytes, suffix: str) -> DescribedQuery:
    """Describe what is searched for. Raises CoveyError."""
    registry = Registry.installed()
    dataset = open_dataset(registry, location)
    entry = next((entry for entry in dataset.features() if entry.name == table), None)
    if entry is None:
        raise CoveyError(f"The features {table} are no longer in {location}: choose others.")
    if way == "words":
        return describe_text(dataset, entry, registry, content.decode())
    return (describe_sound if way == "sound" else describe_picture)(dataset, entry, registry, content, suffix)


if __name__ == "__main__":
    answer(Path(sys.argv[1]))
