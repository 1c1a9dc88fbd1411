"""Where the browser finds pictures, sound and facts of the images of a dataset, and what their axes are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import attrs

from covey.frontend import Dataset, ImageAxes, ImageFolder
from covey_dashboard.data.clips.find_axes import find_axes
from covey_dashboard.data.metadata import dataset_metadata
from covey_dashboard.server import recording_audio, thumbnails
from covey_dashboard.server.clips import image_facts, surroundings


@attrs.frozen
class ImageAddresses:
    """What comes before an image's name in the addresses of what is there of it; "" for what is not."""

    pictures: str
    sound: str
    soundless: str
    surroundings: str
    facts: str
    axes: ImageAxes

    @classmethod
    def of(
        cls, dataset: Dataset, folder: ImageFolder | None, names: Sequence[str], image_version: str = ""
    ) -> ImageAddresses:
        """Return the addresses for images of a dataset.

        Args:
            dataset: whose images they are.
            folder: where the images are; None if they are not there.
            names: the images.
            image_version: tells the contents of the images from earlier ones.
        """
        soundless = recording_audio.problem(dataset)
        return cls(
            pictures=thumbnails.address(folder, image_version),
            sound="" if soundless else recording_audio.address(dataset),
            soundless=soundless,
            surroundings="" if soundless else surroundings.address(dataset),
            facts=image_facts.address(dataset, partial(dataset_metadata, dataset.location)),
            axes=find_axes(folder, names),
        )

    def as_fields(self) -> dict[str, Any]:
        """Return them as components in the browser take them."""
        return {
            "sound": self.sound,
            "soundless": self.soundless,
            "surroundings": self.surroundings,
            "facts": self.facts,
            "axes": image_facts.pack_axes(self.axes),
            "unscaled": self.axes.problem,
        }
