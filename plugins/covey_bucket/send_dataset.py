"""Send a dataset from this machine to a bucket."""

from __future__ import annotations

from pathlib import Path

from covey import CoveyError, Dataset
from covey.authoring import BrokenImage, ImageFolder, Progress, count_noun
from covey_bucket.remote_folder import RemoteFolder, split_names


def send_dataset(dataset: Dataset, remote: RemoteFolder, progress: Progress) -> str:
    """Send the tables and metadata of a dataset, and its images below `images/`; return a sentence about it.

    Raises:
        CoveyError: there is nothing to send, or the bucket cannot be written.
    """
    paths = {path.name: path for path in dataset.files}
    if dataset.images is not None:
        paths.update(_list_images(dataset.images, progress))
    if not paths:
        raise CoveyError(f"There is nothing to push in {dataset.location}: it holds neither images nor tables.")
    with progress.step(f"Sending to {remote.url}", len(paths), "file") as step:
        for names in split_names(list(paths)):
            remote.put([paths[name] for name in names], names)
            step.advance(len(names))
    return f"{count_noun(len(paths), 'file')} sent to {remote.url}."


def _list_images(images: ImageFolder, progress: Progress) -> dict[str, Path]:
    """Return the images, and the JSON files about their making, by their names in the bucket."""
    paths = {f"images/{path.name}": path for path in sorted(images.root.glob("_*.json"))}
    for name in images.names():
        try:
            paths[f"images/{name}"] = images.path(name)
        except BrokenImage as error:
            progress.note(f"{name} is left out: {error}.")
    return paths
