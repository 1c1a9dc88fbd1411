"""Checks of the contract of extractors, those that learn among them."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Mapping
from functools import cached_property
from operator import index
from pathlib import Path
from typing import SupportsIndex

import attrs
import numpy as np

from covey._base.digests import digest
from covey._base.errors import CoveyError
from covey.components import options
from covey.components.contracts import FeatureExtractor, Floats, Pixels, Runtime
from covey.components.fitting import Epoch, State, TrainingClip, TrainingClips
from covey.data.formats import npz
from covey.data.tables import LearnedState
from covey.extraction.learning import copy_state, freeze_array
from covey.testing.assertions import Observation, are_identical, describe_difference, expect, observe
from covey.testing.extractors import ExtractorChecks
from covey.testing.samples import random_picture, random_sound
from covey.testing.settings import other_settings


@attrs.frozen(eq=False)
class TinyClip(TrainingClip):
    """An image of noise, of one of two recordings or of none."""

    number: int
    content: str
    recording: str | None

    @property
    def pixels(self) -> Pixels:
        """The image (128, 256, 3), which cannot be written to, as in a run."""
        return freeze_array(random_picture(self.number, (128, 256)))


@attrs.frozen(eq=False)
class TinySound(TrainingClip):
    """A sound of noise, of one of two recordings or of none."""

    number: int
    content: str
    recording: str | None
    length: int

    @property
    def samples(self) -> Floats:
        """The sound (length,), which cannot be written to, as in a run."""
        return freeze_array(random_sound(self.number, self.length))


class TinyClips(TrainingClips):
    """A few clips to learn from, the same on every call: sounds of `samples` samples, or images if that is 0."""

    def __init__(self, count: int = 8, samples: int = 0) -> None:
        self._numbers = range(count)
        self._samples = samples

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, position: SupportsIndex) -> TrainingClip:
        number = self._numbers[index(position)]
        content, recording = digest(number), digest(f"recording {number % 3}") if number % 3 else None
        if self._samples:
            return TinySound(number, content, recording, self._samples)
        return TinyClip(number, content, recording)


def extractor_checks(cls: type[FeatureExtractor], settings: Mapping[str, object]) -> ExtractorChecks:
    """Return the checks of an extractor: those of learning too if it learns."""
    return (LearnerChecks if cls.fit is not FeatureExtractor.fit else ExtractorChecks)(cls, settings)


class LearnerChecks(ExtractorChecks):
    """Checks an extractor that learns, on eight images."""

    @cached_property
    def clips(self) -> TinyClips:
        """What it learns from."""
        return TinyClips(samples=round(self.cls.rate * self.cls.seconds) if self.component.listens else 0)

    @cached_property
    def learning(self) -> Observation[list[Epoch]]:
        """All epochs from the beginning, and what learning did besides."""
        return observe(lambda: self.fit(self.component))

    @property
    def epochs(self) -> list[Epoch]:
        """All epochs from the beginning, of which there is at least one."""
        epochs = self.learning.outcome
        expect(bool(epochs), f"{self.name}: fit must yield an epoch at least")
        return epochs

    @property
    def state(self) -> State:
        """The last state, as it is read from a file."""
        return self._write_and_read(self.epochs[-1].state)

    def fit(self, component: FeatureExtractor, checkpoint: State | None = None, most: int | None = None) -> list[Epoch]:
        """Return the epochs, at most `most`, that a component yields after a checkpoint."""
        epochs: list[Epoch] = []
        for epoch in self._yield_epochs(component, checkpoint):
            self._check_state(epoch.state)
            epochs.append(attrs.evolve(epoch, state=copy_state(epoch.state)))
            if len(epochs) == most:
                break
        return epochs

    def _yield_epochs(self, component: FeatureExtractor, checkpoint: State | None) -> Iterator[Epoch]:
        try:
            yield from component.fit(self.clips, Runtime(), checkpoint)
        except ValueError as error:
            is_unrelated = "read-only" not in str(error)
            expect(is_unrelated, f"{self.name}: fit must not change what it is given, and raises {error!r}")
            raise

    def use_runtime(self, runtime: Runtime) -> None:
        """Let it learn for an epoch, and extract."""
        next(iter(self.component.fit(self.clips, runtime, None)))
        super().use_runtime(runtime)

    def check_epochs(self) -> None:
        """Its epochs are numbered from 1 to at most their total, each with a finite loss."""
        numbers = [epoch.number for epoch in self.epochs]
        is_numbered = numbers == list(range(1, len(numbers) + 1))
        expect(is_numbered, f"{self.name}: epochs must be numbered 1, 2, 3, ..., not {numbers[:5]}")
        for epoch in self.epochs:
            within = epoch.number <= epoch.total
            expect(within, f"{self.name}: epoch {epoch.number} is beyond the total that it names, {epoch.total}")
            is_finite = isinstance(epoch.loss, float) and math.isfinite(epoch.loss)
            expect(is_finite, f"{self.name}: the loss must be a finite float, not {epoch.loss!r}")

    def check_state(self) -> None:
        """Its state consists of arrays, which are the same when they are written and read back."""
        state = self.epochs[-1].state
        self._expect_equal(state, self._write_and_read(state), "a state must be the same when it is read from a file")

    def check_equal_states(self) -> None:
        """Equal options and clips give equal states."""
        again = self.fit(self.build())
        expect(len(again) == len(self.epochs), f"{self.name}: equal options must give equally many epochs")
        for first, second in zip(self.epochs, again, strict=True):
            sentence = f"equal options and clips must give equal states, but epoch {first.number} differs"
            self._expect_equal(first.state, second.state, sentence)

    def check_resuming(self) -> None:
        """Learning that goes on from the state of an epoch ends in the same state as without a stop."""
        count = len(self.epochs)
        for done in sorted({1, (count + 1) // 2, count}):
            resumed = self.fit(self.build(), self._write_and_read(self.epochs[done - 1].state))
            numbers = [epoch.number for epoch in resumed]
            expected = list(range(done + 1, count + 1))
            message = f"{self.name}: after epoch {done} of {count}, fit must yield epochs {expected}, not {numbers}"
            expect(numbers == expected, message)
            for epoch, uninterrupted in zip(resumed, self.epochs[done:], strict=True):
                sentence = f"stopped after epoch {done}, epoch {epoch.number} must be as without a stop"
                self._expect_equal(epoch.state, uninterrupted.state, sentence)

    def check_learning_options(self) -> None:
        """The options that are not declared with learning=True do not matter when it learns."""
        for option in options.options(self.cls):
            settings = other_settings(option, options.read_option(self.component, option))
            for setting in [] if option.learning else settings[:1]:
                try:
                    changed = options.evolve(self.component, **{option.name: setting})
                except CoveyError:  # two options that exclude each other
                    continue
                (epoch,) = self.fit(changed, most=1)
                sentence = f"option {option.name!r} changes what is learned: declare it with learning=True"
                self._expect_equal(self.epochs[0].state, epoch.state, sentence)

    def check_quiet_learning(self) -> None:
        """It prints nothing and writes no files while it learns."""
        printed_text, stray_files = self.learning.printed_text.strip(), self.learning.stray_files
        expect(not printed_text, f"{self.name}: fit may print nothing to standard output, not {printed_text[:80]!r}")
        expect(not stray_files, f"{self.name}: fit may write no files, not {list(stray_files[:1])}: covey does")

    def _check_state(self, state: State) -> None:
        try:
            npz.check_state(state)
        except CoveyError as error:
            raise AssertionError(f"{self.name}: {error}") from error

    def _write_and_read(self, state: State) -> State:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "state.npz"
            npz.write(path, LearnedState(names=[], arrays=state, provenance=None))
            table = npz.read(path)
            assert isinstance(table, LearnedState)
            return copy_state(table.arrays)

    def _expect_equal(self, state: State, other: State, sentence: str) -> None:
        names = sorted(state)
        expect(sorted(other) == names, f"{self.name}: {sentence}: arrays {names} and {sorted(other)}")
        for name in names:
            is_equal = are_identical([state[name]], [other[name]]) and state[name].shape == other[name].shape
            expect(is_equal, f"{self.name}: {sentence}: {name!r}, {_describe(state[name], other[name])}")


def _describe(first: np.ndarray, second: np.ndarray) -> str:
    if first.dtype.kind in "biuf" and second.dtype.kind in "biuf" and first.ndim:
        return describe_difference([first], [second])
    return f"{str(first)[:40]} and {str(second)[:40]}"
