"""What a worker must have like the process that gives it work: the same software, and the same images."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

import attrs

from covey._base.errors import reason
from covey._version import __version__
from covey.components.contracts import FeatureExtractor
from covey.components.engine_contract import UnfitWorker
from covey.data.images import ImageFolder
from covey.data.picture_decoding import BrokenImage
from covey.extraction.clip_sounds import ClipSound
from covey.extraction.decoded_batches import InputFile

_SAMPLE = 3
"""Images by which a worker finds out whether it sees those of the run."""


@attrs.frozen
class WorkOrigin:
    """What every worker must have like the process that gives it work.

    Attributes:
        software: versions, by what they are of.
        sample: some of the images; a worker must see at least one of them, with the same content.
    """

    software: Mapping[str, str]
    sample: Sequence[InputFile]

    @classmethod
    def here(cls, extractor: FeatureExtractor, files: Iterable[InputFile]) -> WorkOrigin:
        """Describe this process, and the first of the images."""
        return cls(_list_software(extractor), list(islice(files, _SAMPLE)))

    def check(self, extractor: FeatureExtractor, folder: ImageFolder) -> None:
        """Check that this process has the same software and sees the same images.

        Raises:
            UnfitWorker: it does not.
        """
        node = socket.gethostname()
        for name, version in _list_software(extractor).items():
            if version != self.software.get(name):
                raise UnfitWorker(
                    f"{node} has {name} {version}, and this run has {self.software.get(name)}: install the same there."
                )
        problems = [_find_problem(folder, file) for file in self.sample]
        if problems and all(problems):
            raise UnfitWorker(
                f"{node} does not see the images in {folder.root} ({self.sample[0].name}: {problems[0]}): let the"
                " folder be reached there too, under the same path."
            )


def _list_software(extractor: FeatureExtractor) -> dict[str, str]:
    return {"covey": __version__, f"version of the extractor {extractor.name}": str(extractor.version)}


def _find_problem(folder: ImageFolder, file: InputFile) -> str:
    """Return why a file cannot be read as it is described, "" if it can."""
    try:
        if not isinstance(file, ClipSound):
            folder.read(file)
        elif file.path is not None:
            file.path.stat()
    except (BrokenImage, OSError) as error:
        return reason(error)
    return ""
