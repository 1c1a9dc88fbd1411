"""Keeps what covey writes for people out of the folder whose pictures are the images of a dataset."""

from __future__ import annotations

from pathlib import Path

from covey._base.errors import CoveyError
from covey.data.dataset import Dataset


def check_outside_images(path: Path, dataset: Dataset) -> None:
    """Refuse a file or folder in the image folder: pictures in it would become images of the dataset.

    Raises:
        CoveyError: it lies in the image folder.
    """
    if dataset.images and path.resolve().is_relative_to(dataset.images.root.resolve()):
        raise CoveyError(f"{path} lies in the folder with the images of the dataset: name one outside it.")
