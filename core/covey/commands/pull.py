"""covey pull: copy a dataset into a folder."""

from __future__ import annotations

import filecmp
import shutil
from pathlib import Path

import click

from covey._base.errors import CoveyError
from covey._base.files import make_folder, replace_file
from covey._base.progress import Progress
from covey._base.terminal_progress import TerminalProgress
from covey._base.text import count_noun
from covey.commands.terminal.left_out import note_left_out
from covey.data.dataset import Dataset
from covey.data.picture_decoding import BrokenImage
from covey.plugins.locations import open_dataset
from covey.plugins.registry import Registry


@click.command()
@click.argument("location")
@click.argument("folder", type=click.Path(path_type=Path))
def pull(location: str, folder: Path) -> None:
    """Copy the dataset at LOCATION into FOLDER.

    FOLDER gets the images, the tables and the metadata; other files in it stay as they are.

    \b
    covey pull kaggle:owner/name birds/
    """
    progress = TerminalProgress()
    dataset = open_dataset(Registry.installed(), location, progress)
    copies = _plan_copies(dataset, folder, progress)
    _check_targets(copies)
    _copy_files(copies, progress)
    files = count_noun(len(copies), "file")
    click.echo(f"{folder} holds {dataset.location}: {files}. Look at it with: covey info {folder}")


def _plan_copies(dataset: Dataset, folder: Path, progress: Progress) -> dict[Path, Path]:
    """Return the file to copy for each new path."""
    copies = {folder / path.name: path for path in dataset.files}
    note_left_out(dataset, progress)
    images = dataset.images
    if images is None:
        return copies
    beside = [path.name for path in images.root.glob("_*.json")]  # how the images were made
    for name in [*images.names(), *beside]:
        try:
            copies[folder / "images" / name] = images.path(name)
        except BrokenImage as error:
            progress.note(f"{name} is left out: {error}.")
    return copies


def _check_targets(copies: dict[Path, Path]) -> None:
    """Raise CoveyError if a copy would replace a file with other contents."""
    for path, source in copies.items():
        if path.exists() and not filecmp.cmp(path, source, shallow=False):
            raise CoveyError(f"{path} is there already and differs: move it away, or name another folder.")


def _copy_files(copies: dict[Path, Path], progress: Progress) -> None:
    with progress.step("Copying", len(copies), "file") as step:
        for path, source in copies.items():
            if not path.exists():
                make_folder(path.parent)
                with source.open("rb") as old, replace_file(path, durable=False) as new:
                    shutil.copyfileobj(old, new)
            step.advance()
