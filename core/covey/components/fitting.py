"""What an extractor learns from, and what it learns: clips, epochs, and the state that stays."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Protocol, SupportsIndex, TypeGuard, runtime_checkable

import attrs
import numpy as np
from numpy.typing import NDArray

from covey._base.errors import CoveyError
from covey.components.contracts import PIXELS, SOUND, FeatureExtractor, Floats, Pixels, Runtime
from covey.components.extras import Extracted

State = Mapping[str, NDArray[np.generic]]
"""What an extractor has learned: arrays of numbers, booleans or text, by name."""


class TrainingClip(ABC):
    """One image to learn from, or the sound behind one. Those of equal content are one clip."""

    content: str
    """Hash of the image file, or of the clip of a recording: 64 hexadecimal digits."""
    recording: str | None
    """SHA-256 of the recording from which it was cut; None if that is not known."""

    @property
    def pixels(self) -> Pixels:
        """The image as RGB (h, w, 3) uint8, decoded anew at each access, read-only; for extractors that do not listen.

        Raises:
            CoveyError: it cannot be read any more, or the extractor listens.
        """
        raise CoveyError("This clip has samples and no pixels, because the extractor listens.")

    @property
    def samples(self) -> Floats:
        """The sound (n,) float32 as `load` gets it, read anew at each access, read-only; for extractors that listen.

        Raises:
            CoveyError: it cannot be read any more, or the extractor does not listen.
        """
        raise CoveyError("This clip has pixels and no samples, because the extractor does not listen.")


class TrainingClips(ABC):
    """The clips to learn from, in an order that depends on their contents alone; threads may read them."""

    @abstractmethod
    def __len__(self) -> int:
        """Return how many there are, at least one."""

    @abstractmethod
    def __getitem__(self, position: SupportsIndex) -> TrainingClip:
        """Return the clip at a position; nothing is decoded yet."""

    def __iter__(self) -> Iterator[TrainingClip]:
        """Yield every clip in order."""
        return (self[position] for position in range(len(self)))


@attrs.frozen(kw_only=True, eq=False)
class Epoch:
    """What is there after one more pass over the clips.

    Attributes:
        state: everything that is needed to extract features and to go on learning: weights, optimiser, random state.
        loss: what learning makes smaller; covey shows it and refuses one that is not finite.
        number: 1 after the first pass.
        total: number of the last pass.
    """

    state: State
    loss: float
    number: int
    total: int


PixelsOrSound = NDArray[np.uint8 | np.float32]
"""Pixels uint8 or samples float32."""
ExtractAny = Callable[[PixelsOrSound], Extracted]
"""Function from a batch of what an extractor takes, pixels or samples, to its features and extra tables."""
_Extract = Callable[[PixelsOrSound], Sequence[Floats] | Extracted]


class _Loads(Protocol):
    """An extractor, whatever it takes; `load` has a state only if it learns."""

    learns: bool

    def load(self, runtime: Runtime, state: State | None = ...) -> _Extract: ...


@runtime_checkable
class _ChoosesBackend(Protocol):
    """A function that computes features by one of several libraries."""

    @property
    def backend(self) -> str: ...

    def prepare(self, sizes: Collection[tuple[int, int]]) -> None: ...


class LoadedExtractor:
    """The function that computes features and extra tables of a batch."""

    def __init__(self, extract: _Extract) -> None:
        self._extract = extract

    def __call__(self, batch: PixelsOrSound) -> Extracted:
        """Return the features and extra tables of a batch."""
        outputs = self._extract(batch)
        return outputs if isinstance(outputs, Extracted) else Extracted(features=outputs)

    @property
    def backend(self) -> str:
        """What computed the last batch, if the extractor can choose and it is not the library that it requires."""
        return self._extract.backend if isinstance(self._extract, _ChoosesBackend) else ""

    def prepare(self, sizes: Collection[tuple[int, int]]) -> None:
        """Say which sizes of images, height and width, are frequent."""
        if isinstance(self._extract, _ChoosesBackend):
            self._extract.prepare(sizes)


def load_extractor(extractor: FeatureExtractor, runtime: Runtime, state: State | None) -> LoadedExtractor:
    """Return the function that computes features, with what the extractor has learned if it learns.

    Raises:
        CoveyError: as `FeatureExtractor.load`; or `inputs`, `rate` or `seconds` are none that there can be.
    """
    return LoadedExtractor(_load(extractor, runtime, state))


def _load(extractor: FeatureExtractor, runtime: Runtime, state: State | None) -> _Extract:
    if not _takes_known_inputs(extractor):
        raise CoveyError(
            f"{extractor.name}: inputs must be {PIXELS!r}, or {SOUND!r} with a rate in Hz and a number of seconds."
        )
    return extractor.load(runtime, state) if extractor.learns else extractor.load(runtime)


def _takes_known_inputs(extractor: FeatureExtractor) -> TypeGuard[_Loads]:
    is_sound = extractor.listens and isinstance(extractor.rate, int) and extractor.rate * extractor.seconds >= 1
    return is_sound or extractor.inputs == PIXELS
