"""One look at a dataset: images, recordings and clips of its catalogue are brought up to date."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from covey._base.progress import SILENT, Progress
from covey.data.catalogue.catalogue import Catalogue, ImageChanges
from covey.data.catalogue.clip_finder import ClipFinder
from covey.data.catalogue.clip_rows import ClipSummary, refresh_clips
from covey.data.catalogue.part_store import DamagedStoreError
from covey.data.dataset import Dataset
from covey.data.images import ImageFolder
from covey.sound.ledger import read_ledger
from covey.sound.recording_catalogue import RecordingChanges, refresh_recordings


@attrs.frozen
class DatasetLook:
    """What a dataset holds, and what changed since it was last looked at."""

    images: ImageChanges
    recordings: RecordingChanges
    clips: ClipSummary
    finder: ClipFinder

    def describe_changes(self) -> Iterator[str]:
        """Yield a sentence for each kind of change that a person should know about."""
        yield from self.recordings.describe()
        yield from self.images.describe()
        if self.finder.balance.left_out:
            yield self.finder.balance.describe()


def refresh_catalogue(
    dataset: Dataset, images: ImageFolder, progress: Progress = SILENT, check: bool = False
) -> DatasetLook:
    """Look at the images and recordings of a dataset, and read what is new or may have changed.

    Args:
        dataset: whose recordings they are.
        images: the folder of its images.
        progress: shows the steps and notes.
        check: whether to read everything.

    Raises:
        CoveyError: the catalogue cannot be written.
    """
    try:
        return _look(dataset, images, progress, check)
    except DamagedStoreError as error:  # what it knows of recordings; for images it has been made again already
        Catalogue(images).put_aside(error, progress)
        return _look(dataset, images, progress, check)


def _look(dataset: Dataset, images: ImageFolder, progress: Progress, check: bool) -> DatasetLook:
    catalogue = Catalogue(images)
    image_changes = catalogue.refresh(progress, check)
    contents = {} if check else _read_contents(images)
    with catalogue.changing(progress) as change:
        recordings = refresh_recordings(change, dataset.home, dataset.recording_folders, contents, progress, check)
        finder = ClipFinder.of(dataset.project_folders, images.root, recordings.recordings)
        clips = refresh_clips(change, finder)
    return DatasetLook(image_changes, recordings, clips, finder)


def _read_contents(images: ImageFolder) -> dict[tuple[int, int, int], str]:
    """Return the SHA-256 of recordings that were read when their images were made, by size and times."""
    entries = [entry for entry in read_ledger(images.root).values() if entry.content and entry.stamp.decides]
    return {(entry.bytes, entry.time, entry.changed): entry.content for entry in entries}
