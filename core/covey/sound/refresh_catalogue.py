"""One look at a dataset: images, recordings and clips of its catalogue are brought up to date."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from covey._base.progress import SILENT, Progress
from covey.data.catalogue.catalogue import Catalogue, ImageChanges
from covey.data.catalogue.clip_finder import ClipFinder
from covey.data.catalogue.clip_rows import ClipSummary, refresh_clips, summarize_clips
from covey.data.catalogue.image_reading import ReadImages, read_images
from covey.data.catalogue.part_store import WAIT_S, DamagedStoreError, HeldStoreError
from covey.data.catalogue.recording_rows import read_recordings
from covey.data.dataset import Dataset
from covey.data.images import ImageFolder
from covey.sound.ledger import read_ledger
from covey.sound.recording_catalogue import RecordingChanges, refresh_recordings

_PATIENCE_S = 3.0


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


def look_at_dataset(dataset: Dataset, images: ImageFolder, progress: Progress, check: bool = False) -> DatasetLook:
    """Bring the catalogue up to date and return what it holds; as it is where another process is at work on it.

    Raises:
        CoveyError: the catalogue cannot be written.
    """
    try:
        return refresh_catalogue(dataset, images, progress, check, _PATIENCE_S)
    except HeldStoreError:
        progress.note("Another process looks at the images and recordings: this is what was known before.")
    catalogue = Catalogue(images)
    recordings = read_recordings(catalogue.store)
    finder = ClipFinder.of(dataset.project_folders, images.root, recordings)
    return DatasetLook(
        ImageChanges(len(catalogue.rows(("name",)))),
        RecordingChanges(recordings),
        summarize_clips(catalogue.store),
        finder,
    )


def refresh_catalogue(
    dataset: Dataset,
    images: ImageFolder,
    progress: Progress = SILENT,
    check: bool = False,
    wait_s: float = WAIT_S,
    read: ReadImages = read_images,
) -> DatasetLook:
    """Look at the images and recordings of a dataset, and read what is new or may have changed.

    Args:
        dataset: whose recordings they are.
        images: the folder of its images.
        progress: shows the steps and notes.
        check: whether to read everything.
        wait_s: how long to wait for another process that changes the catalogue.
        read: reads images.

    Raises:
        HeldStoreError: another process changes it.
        CoveyError: the catalogue cannot be written.
    """
    catalogue = Catalogue(images, wait_s)
    try:
        return _look(dataset, catalogue, progress, check, read)
    except DamagedStoreError as error:  # what it knows of recordings; for images it has been made again already
        catalogue.put_aside(error, progress)
        return _look(dataset, catalogue, progress, check, read)


def _look(dataset: Dataset, catalogue: Catalogue, progress: Progress, check: bool, read: ReadImages) -> DatasetLook:
    images = catalogue.images
    image_changes = catalogue.refresh(progress, check, read)
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
