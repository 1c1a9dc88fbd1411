"""Extractors learn from images, or the sound behind them; each epoch is written at once: a stop costs one at most."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from operator import index
from pathlib import Path
from typing import SupportsIndex, TypeVar

import attrs
import numpy as np
from numpy.typing import NDArray

from covey._base.digests import digest
from covey._base.errors import CoveyError
from covey._base.files import make_folder, remove_leftovers
from covey._base.progress import Progress
from covey._base.text import count_noun
from covey.components.contracts import FeatureExtractor, Floats, Pixels, Runtime
from covey.components.fitting import Epoch, State, TrainingClip, TrainingClips
from covey.components.versions import package_versions
from covey.data.formats import npz
from covey.data.images import ImageFile, ImageFolder
from covey.data.picture_decoding import BrokenImage
from covey.data.provenance import Details, Provenance
from covey.data.tables import LearnedState
from covey.extraction.clip_sounds import ClipSound
from covey.extraction.decoded_batches import InputFile
from covey.extraction.runtime import describe_machine, describe_settings
from covey.labelling.clips import RecordingClip
from covey.sound.decoder import BrokenRecording

G = TypeVar("G", bound=np.generic)
FOLDER = "learning"
"""Where the states of unfinished learning lie, in the work folder of a dataset."""


@attrs.frozen(eq=False)
class TrainingImage(TrainingClip):
    """An image of a folder, as one clip to learn from."""

    content: str
    recording: str | None
    folder: ImageFolder
    file: ImageFile

    @property
    def pixels(self) -> Pixels:
        """The image as RGB (h, w, 3) uint8, which cannot be written to."""
        try:
            return freeze_array(self.folder.decode(self.file).pixels)
        except BrokenImage as error:
            raise CoveyError(
                f"{self.folder.root / self.file.name} cannot be read any more ({error}): see that the folder can be"
                " reached and start again. What is learned so far is kept."
            ) from error


@attrs.frozen(eq=False)
class TrainingSound(TrainingClip):
    """The sound behind an image, as one clip to learn from."""

    content: str
    recording: str | None
    sound: ClipSound

    @property
    def samples(self) -> Floats:
        """The samples (n,) float32, which cannot be written to."""
        try:
            return freeze_array(self.sound.read())
        except BrokenRecording as error:
            raise CoveyError(
                f"The sound behind {self.sound.name} cannot be learned from ({error}): mend or remove its recording,"
                " and start again."
            ) from error


class TrainingImages(TrainingClips):
    """Images, or the sounds behind them, as clips to learn from, in the order of their contents.

    Args:
        folder: where the images are.
        files: the images or sounds; broken ones, and copies of earlier ones, are left out.
        clips: what is known about the recordings of images, by name.
    """

    def __init__(self, folder: ImageFolder, files: Sequence[InputFile], clips: Mapping[str, RecordingClip]) -> None:
        distinct = {file.identity: file for file in reversed(files) if not file.problem}
        self._folder = folder
        self._files = [distinct[content] for content in sorted(distinct)]
        self._clips = clips

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, position: SupportsIndex) -> TrainingClip:
        file = self._files[index(position)]
        if isinstance(file, ClipSound):
            return TrainingSound(file.identity, self._recording_of(file), file)
        return TrainingImage(file.identity, self._recording_of(file), self._folder, file)

    @property
    def key(self) -> str:
        """Hash of all that an extractor can learn from: contents and recordings, not names."""
        return digest([[file.identity, self._recording_of(file)] for file in self._files])

    @property
    def names(self) -> list[str]:
        """The names of the images, in the order of the clips."""
        return [file.name for file in self._files]

    def _recording_of(self, file: InputFile) -> str | None:
        clip = self._clips.get(file.name)
        return clip.recording if clip else None


@attrs.frozen
class Learning:
    """Lets extractors learn.

    Attributes:
        work: folder for unfinished work.
        clips: what to learn from.
        runtime: how to compute, every setting resolved.
        progress: shows each epoch with its loss.
        strict: whether epochs on different machines or library versions are refused in one state.
    """

    work: Path
    clips: TrainingImages
    runtime: Runtime
    progress: Progress
    strict: bool = False

    def learn(self, extractor: FeatureExtractor, provenance: Provenance) -> LearnedState:
        """Return what an extractor has learned after its last epoch.

        Learning that was interrupted goes on after its last epoch, with the settings of its first start.

        Args:
            extractor: it learns.
            provenance: of the state.

        Raises:
            CoveyError: there is no image to learn from, a loss is not finite, the extractor breaks its contract, or a
                file cannot be read or written.
        """
        if not len(self.clips):
            raise CoveyError(f"{extractor.name}: there is no usable image to learn from: add some.")
        path = _checkpoint_path(self.work, provenance)
        remove_leftovers(path)
        checkpoint = _read_checkpoint(path)
        details = self._begin(extractor, checkpoint)
        state = checkpoint.arrays if checkpoint else None
        for epoch in self._epochs(extractor, details.runtime or self.runtime, state, len(details.losses)):
            if not math.isfinite(epoch.loss):
                path.unlink(missing_ok=True)
                raise CoveyError(
                    f"{extractor.name}: the loss of epoch {epoch.number} of {epoch.total} is not a finite number, so"
                    " learning has ended: try smaller steps or other options."
                )
            details = attrs.evolve(details, losses=(*details.losses, float(epoch.loss)))
            _write_checkpoint(path, epoch.state, attrs.evolve(provenance, details=details))
        learned = _read_checkpoint(path)
        if learned is None:
            raise CoveyError(f"{extractor.name} has learned nothing: its fit must yield an epoch at least.")
        return attrs.evolve(learned, names=self.clips.names)

    def _begin(self, extractor: FeatureExtractor, checkpoint: LearnedState | None) -> Details:
        """Return the details with which learning begins or goes on, and say what is taken over.

        Raises:
            CoveyError: another machine began to learn, and the run is strict.
        """
        stored = checkpoint.provenance if checkpoint else None
        earlier = stored.details if stored else Details(runtime=self.runtime)
        runtime = earlier.runtime or self.runtime
        if earlier.losses:
            epochs = count_noun(len(earlier.losses), "epoch")
            self.progress.note(f"{extractor.name}: learning goes on where an earlier run stopped, after {epochs}.")
        if runtime != self.runtime:
            settings = describe_settings(runtime)
            self.progress.note(f"{extractor.name} keeps the settings with which it began to learn ({settings}).")
        machines = tuple(dict.fromkeys([*earlier.machines, describe_machine(extractor, runtime)]))
        if len(machines) > 1 and self.strict:
            raise CoveyError(
                f"{extractor.name} would learn on different machines or library versions ({'; '.join(machines)}): leave"
                f" out strict, or delete {self.work / FOLDER}."
            )
        return attrs.evolve(earlier, runtime=runtime, machines=machines, versions=package_versions(extractor))

    def _epochs(self, extractor: FeatureExtractor, runtime: Runtime, state: State | None, done: int) -> Iterator[Epoch]:
        """Yield the epochs that are still to come after `done`, each as soon as it is there."""
        epochs = _check_epochs(extractor, extractor.fit(self.clips, runtime, state), done)
        title = f"Learning from {count_noun(len(self.clips), 'image')}, number {done + 1} ({extractor.name})"
        with self.progress.step(title, 1, "epoch") as step:  # only an epoch says how many there are
            step.say(extractor.startup_message)
            first = next(epochs, None)
            step.advance()
        if first is None:
            return
        yield first
        title = f"Learning on after {first.number:,} of {first.total:,} ({extractor.name})"
        with self.progress.step(title, first.total - first.number, "epoch") as step:
            step.say(f"loss {first.loss:.4g}")
            for epoch in epochs:
                step.advance()
                step.say(f"loss {epoch.loss:.4g}")
                yield epoch


def _check_epochs(extractor: FeatureExtractor, epochs: Iterator[Epoch], done: int) -> Iterator[Epoch]:
    """Yield epochs that are numbered without a gap, after `done` earlier ones.

    Raises:
        CoveyError: they are not.
    """
    for number, epoch in enumerate(epochs, done + 1):
        if epoch.number != number or epoch.total < number:
            raise CoveyError(
                f"{extractor.name}: fit must yield epoch {number} next, but yielded {epoch.number} of {epoch.total}."
            )
        yield epoch


def freeze_array(array: NDArray[G]) -> NDArray[G]:
    """Return an array that cannot be written to: an extractor that learns may keep it, and threads share it."""
    array.flags.writeable = False
    return array


def copy_state(state: State) -> State:
    """Return a copy whose arrays are in memory and can be changed."""
    return {name: np.array(array) for name, array in state.items()}


def clear_checkpoint(work: Path, provenance: Provenance) -> None:
    """Delete the state of the last epoch, once learning is finished."""
    _checkpoint_path(work, provenance).unlink(missing_ok=True)


@attrs.frozen
class UnfinishedLearning:
    """Learning that was interrupted: the extractor, the number of finished epochs, and the file with its state."""

    component: str
    epochs: int
    file: Path


def list_unfinished_learning(work: Path) -> list[UnfinishedLearning]:
    """Return the learning in a work folder that was interrupted; none if it is somebody else's."""
    try:
        paths = sorted((work / FOLDER).glob("[!.]*.npz"))
    except OSError:
        return []
    provenances = {path: _read_provenance(path) for path in paths}
    return [
        UnfinishedLearning(provenance.component, len(provenance.details.losses), path)
        for path, provenance in provenances.items()
        if provenance
    ]


def _read_provenance(path: Path) -> Provenance | None:
    try:
        return npz.read_entry(path).provenance
    except CoveyError:
        return None


def _checkpoint_path(work: Path, provenance: Provenance) -> Path:
    return work / FOLDER / f"{provenance.key}.npz"


def _write_checkpoint(path: Path, state: State, provenance: Provenance) -> None:
    make_folder(path.parent)
    npz.write(path, LearnedState(names=[], arrays=state, provenance=provenance))


def _read_checkpoint(path: Path) -> LearnedState | None:
    """Return the state of the last epoch; None if there is none, or it is damaged."""
    try:
        checkpoint = npz.read(path)
    except CoveyError:
        return None
    if not isinstance(checkpoint, LearnedState) or checkpoint.provenance is None:
        return None
    return attrs.evolve(checkpoint, arrays=copy_state(checkpoint.arrays))
