"""Images that an engine reads for the catalogue: what each contains."""

from __future__ import annotations

import socket
from collections.abc import Callable, Generator, Sequence
from contextlib import closing

import attrs

from covey._base.errors import reason
from covey._base.progress import Step
from covey.components.engine_contract import Engine, UnfitWorker, Work
from covey.data.catalogue.image_reading import FileStamps, read_images
from covey.data.images import ImageFile, ImageFolder
from covey.engines.lost_items import compute_items

MANY = 1_000_000
"""Images from which it pays to wait for workers: fewer take a few minutes here."""
AT_ONCE = 1000
"""Images that a worker reads at a time."""
_Item = tuple[Sequence[str], FileStamps]


@attrs.frozen
class ReadingWork(Work[_Item, list[ImageFile]]):
    """Reads some images of a folder, by their names and the stamps of their files.

    Attributes:
        images: the folder.
        sample: name of one of the images, by which a worker finds out whether it sees them.
    """

    images: ImageFolder
    sample: str

    def start(self) -> Callable[[_Item], list[ImageFile]]:
        """Return the function that reads some images.

        Raises:
            UnfitWorker: this process does not see them.
        """
        path = self.images.root / self.sample
        try:
            path.stat()
        except OSError as error:
            raise UnfitWorker(
                f"{socket.gethostname()} does not see the images in {self.images.root} ({self.sample}:"
                f" {reason(error)}): let the folder be reached there too, under the same path."
            ) from error
        return lambda item: list(read_images(self.images, *item))


@attrs.frozen
class EngineReader:
    """Reads images on an engine, and few of them in this process: a `ReadImages`."""

    engine: Engine

    def __call__(
        self, images: ImageFolder, names: Sequence[str], stamps: FileStamps, step: Step
    ) -> Generator[ImageFile, None, None]:
        """Yield what each image contains, in the order of the names."""
        if len(names) < MANY or not self.engine.isolates:
            yield from read_images(images, names, stamps)
            return
        starts = range(0, len(names), AT_ONCE)

        def get(number: int) -> _Item:
            part = slice(starts[number], starts[number] + AT_ONCE)
            return names[part], stamps[part]

        files_by_number: dict[int, list[ImageFile]] = {}
        step.say(self.engine.startup_message)
        with closing(compute_items(self.engine, ReadingWork(images, names[0]), len(starts), get, step)) as outputs:
            next_number = 0
            for number, files in outputs:
                step.say("")
                files_by_number[number] = files
                while next_number in files_by_number:
                    yield from files_by_number.pop(next_number)
                    next_number += 1
