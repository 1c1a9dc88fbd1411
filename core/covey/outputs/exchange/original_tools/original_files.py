"""A dataset as the original tools have it: what their frontend opens."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from covey._base.balance import Balance
from covey._base.errors import CoveyError
from covey._base.files import make_folder, replace_file
from covey._base.progress import Progress
from covey.analysis.density import dbscan
from covey.data.dataset import Dataset
from covey.data.formats import npz
from covey.data.images import ImageFolder
from covey.data.legacy.file_names import IMAGE_FOLDERS, LABELS_FILE, METADATA_FILE, SIZES
from covey.data.metadata import read_metadata
from covey.data.picture_decoding import BrokenImage
from covey.experiments.add_sizes import add_sizes
from covey.labelling import open_labels_read_only
from covey.labelling.label_tables import original_table
from covey.outputs.exchange.original_tools.original_metadata import pickle_metadata
from covey.outputs.exchange.original_tools.original_models import OriginalModel, list_models, name_models
from covey.plugins.registry import Registry

_SIZES_TEXT = "2, 4 and 8"
FIRST_EPS, FIRST_NEIGHBOURS = 0.4, 20
"""What the frontend clusters 8 dimensions with at first; its page shows an error where that finds no group."""


def write_original_tables(dataset: Dataset, folder: Path, progress: Progress) -> list[Path]:
    """Write the embeddings of a dataset as the original's frontend reads them; return the files.

    A model is there in the sizes 2, 4 and 8, without which the frontend stops; sizes that are missing are computed
    from its features, and kept in the dataset.

    Raises:
        CoveyError: no model is there in all sizes nor can be, or a file cannot be written.
    """
    models = _complete_models(dataset, progress)
    paths: list[Path] = []
    with progress.step("Writing embeddings", len(models) * len(SIZES), "table") as step:
        for model, name in zip(models, name_models(models), strict=True):
            for file_name, entry in model.file_names(name):
                paths.append(make_folder(folder) / file_name)
                table = dataset.load(entry)
                npz.write(paths[-1], step.tick(table))
            if (dbscan(table.Z, FIRST_EPS, FIRST_NEIGHBOURS) < 0).all():
                progress.note(
                    f"{name}: the original's frontend finds no group with its first settings (eps {FIRST_EPS},"
                    f" {FIRST_NEIGHBOURS} neighbours) and stops with an error (IndexError). It is made for thousands of"
                    " images: with few, a larger eps there may help or not."
                )
    return paths


def write_original_metadata(dataset: Dataset, folder: Path) -> Path:
    """Write the metadata of a dataset as the original's credits page reads it. Raises CoveyError."""
    names = dataset.images.names() if dataset.images else []
    return _write(folder / METADATA_FILE, pickle_metadata(read_metadata(dataset), names))


def write_original_labels(dataset: Dataset, names: Iterable[str], folder: Path) -> list[Path]:
    """Write what people labelled as the original's frontend writes it; return the file, and nothing without labels.

    Args:
        dataset: its labels are written.
        names: of the images; each has a row.
        folder: where the file goes.

    Raises:
        CoveyError: the labels cannot be read, or the file not be written.
    """
    store = open_labels_read_only(dataset)
    return [_write(folder / LABELS_FILE, original_table(store, names))] if store.classes() else []


def copy_original_images(images: ImageFolder, folder: Path, progress: Progress) -> int:
    """Copy images to where the original's frontend looks for them, with the file that says how they were made.

    Returns:
        How many files were copied.

    Raises:
        CoveyError: one cannot be written.
    """
    names, balance = [*images.names(), *sorted(path.name for path in images.root.glob("_*.json"))], Balance("file")
    target = folder / IMAGE_FOLDERS[0]
    with progress.step("Copying images", len(names), "file") as step:
        for name in names:
            try:
                source = images.path(name)
            except BrokenImage as error:
                balance.leave_out(str(error), name)
                continue
            make_folder((target / name).parent)
            with replace_file(target / name, durable=False) as file:
                file.write(source.read_bytes())
            balance.used += 1
            step.advance()
    progress.note(balance.describe())
    return balance.used


def _complete_models(dataset: Dataset, progress: Progress) -> list[OriginalModel]:
    """Return the models of a dataset with all sizes, after those that are missing were computed."""
    registry, balance, reasons = Registry.installed(), Balance("model"), list[str]()
    for model in list_models(dataset.embeddings()):
        if model.missing_sizes:
            try:
                add_sizes(dataset, model.provenance, model.missing_sizes, registry, progress)
            except CoveyError as error:
                sizes = " and ".join(map(str, model.missing_sizes))
                reasons.append(f"{model.tag} is not there in the size {sizes}: {error}")
                balance.leave_out(f"without all of the sizes {_SIZES_TEXT}", model.tag)
    models = [model for model in list_models(dataset.embeddings()) if not model.missing_sizes]
    for sentence in reasons:
        progress.note(sentence)
    if not models:
        raise CoveyError(
            f"{dataset.location} has no embedding in the sizes {_SIZES_TEXT}, which the original tools need: find"
            " groups with the option sizes of the reducer set to 2,4,8."
        )
    balance.used = len(models)
    progress.note(balance.describe())
    return models


def _write(path: Path, content: bytes) -> Path:
    make_folder(path.parent)
    with replace_file(path) as file:
        file.write(content)
    return path
