"""What components take of a dataset: its images, and the clips of recordings that they show."""

from __future__ import annotations

from collections.abc import Sequence

from covey._base.digests import digest
from covey.components.contracts import FeatureExtractor
from covey.data.catalogue.catalogue import Catalogue
from covey.data.dataset import Dataset
from covey.data.images import ImageFile, ImageFolder, key_of
from covey.data.provenance import Provenance
from covey.extraction.clip_sounds import ClipSound, identify_clip, list_clip_sounds
from covey.extraction.decoded_batches import InputFile
from covey.extraction.learning import TrainingImages


class RunInputs:
    """The images of a run, and the clips of recordings that they show.

    Attributes:
        images: the folder with the images.
        files: the images, with their contents.
    """

    def __init__(self, dataset: Dataset, images: ImageFolder) -> None:
        self.images = images
        self.files: list[ImageFile] = Catalogue(images).files()
        self._dataset = dataset
        self._sounds: dict[tuple[int, float], list[ClipSound]] = {}
        self._training_clips: dict[tuple[int, float], TrainingImages] = {}

    def key_of_inputs(self, extractor: FeatureExtractor) -> str:
        """Return the key of what an extractor takes of the images: their contents, or those of the clips they show."""
        return key_of(self.list_inputs(extractor))

    def list_inputs(self, extractor: FeatureExtractor) -> Sequence[InputFile]:
        """Return what an extractor takes: the images, or the sounds behind those that have one."""
        return (
            [sound for sound in self.list_sounds(extractor) if not sound.problem] if extractor.listens else self.files
        )

    def list_sounds(self, extractor: FeatureExtractor) -> list[ClipSound]:
        """Return the sound behind each image for an extractor that listens; nothing for any other."""
        if not extractor.listens:
            return []
        key = extractor.rate, extractor.seconds
        if key not in self._sounds:
            clips = self._dataset.clips([file.name for file in self.files])
            self._sounds[key] = list_clip_sounds(extractor, self.files, clips, self._dataset.home)
        return self._sounds[key]

    def training_clips(self, extractor: FeatureExtractor) -> TrainingImages:
        """Return what an extractor can learn from: the images, or the sounds behind those that have one."""
        key = extractor.rate, extractor.seconds
        if key not in self._training_clips:
            recordings = self._dataset.image_clips([file.name for file in self.files if not file.problem])
            sounds = [sound for sound in self.list_sounds(extractor) if sound.can_be_learned]
            files: Sequence[InputFile] = sounds if extractor.listens else self.files
            self._training_clips[key] = TrainingImages(self.images, files, recordings)
        return self._training_clips[key]

    def contents_behind(self, provenances: Sequence[Provenance]) -> dict[str, str]:
        """Return for each image what tells whether another is the same for these tables.

        That is the content of the image or, if they are made by extractors that listen, the clip; or both.
        """
        is_heard = {step.is_heard for provenance in provenances for step in provenance.extractions}
        contents = {file.name: file.identity for file in self.files}
        if True not in is_heard:
            return contents
        clips = self._dataset.clips(list(contents))
        heard = {name: identify_clip(clips.get(name)) for name in contents}
        if False not in is_heard:
            return heard
        return {name: digest([contents[name], heard[name]]) if heard[name] else "" for name in contents}

    def recordings_behind(self, names: Sequence[str]) -> list[str]:
        """Return the recording that each image shows, "" where none is known."""
        clips = self._dataset.clips(names)
        return [clips[name].recording if name in clips else "" for name in names]
