"""The contract of feature extractors."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from covey._base.errors import CoveyError
from covey.components.contracts.array_types import Floats, Pixels
from covey.components.contracts.component_contract import Component, describe_changes, plain_text
from covey.components.contracts.runtime_settings import Runtime, RuntimeSetting
from covey.components.extras import Extracted, ExtraTables
from covey.components.options import options

if TYPE_CHECKING:
    from covey.components.fitting import Epoch, State, TrainingClips


Extract = Callable[[Pixels], Sequence[Floats]]
"""Function from a batch of pixels (b, h, w, 3) uint8 to one (b, d) float32 array for each layer."""
ExtractSound = Callable[[Floats], Sequence[Floats]]
"""Function from a batch of samples (b, n) float32 to one (b, d) float32 array for each layer."""
ExtractWithExtras = Callable[[Pixels], Extracted]
"""As `Extract`, of an extractor that makes extra tables too."""
ExtractSoundWithExtras = Callable[[Floats], Extracted]
"""As `ExtractSound`, of an extractor that makes extra tables too."""
PIXELS: Literal["pixels"] = "pixels"
SOUND: Literal["sound"] = "sound"


class FeatureExtractor(Component):
    """Describes each image by a vector.

    An extractor with several layers has a plural option `layers`; each layer gives a table of its own.
    """

    uses: ClassVar[frozenset[RuntimeSetting]] = frozenset()
    """The settings of the runtime that it obeys: any of "device", "precision", "threads", "backend" and "compile"."""
    inputs: ClassVar[Literal["pixels", "sound"]] = PIXELS
    """What it describes an image by: its pixels, or the sound of the recording around the clip that it shows."""
    rate: ClassVar[int] = 0
    """Samples a second, in Hz, of the sound that it takes."""
    seconds: ClassVar[float] = 0.0
    """How long that sound is."""
    extras: ClassVar[ExtraTables] = {}
    """Tables that it makes beside its layers, in the same pass; they never enter reducers."""

    @property
    def tag(self) -> str:
        """Name, followed by each option that differs from its default, and by the layers if these do."""
        plural = [option for option in options(type(self)) if option.plural]
        layers = [getattr(self, option.name) for option in plural if getattr(self, option.name) != option.default]
        return "_".join([describe_changes(self), *("+".join(map(plain_text, names)) for names in layers)])

    @abstractmethod
    def load(self, runtime: Runtime) -> Extract | ExtractSound | ExtractWithExtras | ExtractSoundWithExtras:
        """Load the model and return the function that computes features.

        The function takes RGB pixels (b, h, w, 3) uint8, all images of one size, and returns one (b, d) float32 array
        for each layer, in the order of `layers` (one array if there is no such option). d must not depend on the image.
        The extractor preprocesses the pixels itself.

        With `inputs = "sound"` the function takes mono samples (b, n) float32, 1.0 being full scale, at `rate` and
        `seconds` long. The middle of the clip is in their middle, and around it is what the recording holds there; only
        what lies before its beginning or beyond its end is silence.

        An extractor that declares `extras` returns `Extracted` in place of the sequence of arrays. Extra tables must
        not depend on the layers.

        An extractor that learns takes one argument more: `load(runtime, state: State | None = None)`, the state of the
        last epoch that `fit` gave.

        Args:
            runtime: how to compute.

        Raises:
            CoveyError: the weights cannot be loaded, or a layer does not exist.
        """

    def fit(self, clips: TrainingClips, runtime: Runtime, checkpoint: State | None) -> Iterator[Epoch]:
        """Learn from the user's images, or the sound behind them. An extractor that defines it learns; others do not.

        covey writes the state of every epoch, and hands the last one back after an interruption. Learning then goes on
        and must end in the same state, bit for bit, as if nothing had happened: what an epoch needs of earlier ones
        (optimiser, random state) belongs to the state. Equal options declared with `learning=True` and equal clips must
        give equal states; other options must not matter.

        Args:
            clips: what to learn from.
            runtime: how to compute.
            checkpoint: state of the epoch after which learning stopped; None to begin.

        Yields:
            One epoch after the other. After the checkpoint of the last epoch, nothing.

        Raises:
            CoveyError: nothing can be learned from these clips.
        """
        return iter(())

    def describe_text(self, texts: Sequence[str], runtime: Runtime) -> Floats:
        """Describe words by vectors that point where those of images point that go with them.

        An extractor that defines it reads text; others do not. Its table of features has d columns, and texts are
        compared with images by the cosine.

        Args:
            texts: words or sentences (k,).
            runtime: how to compute.

        Returns:
            One vector for each text, (k, d) float32.

        Raises:
            CoveyError: the weights cannot be loaded, or the layer is not the one that texts are compared with.
        """
        raise CoveyError(f"{self.name} reads no text.")

    @property
    def reads_text(self) -> bool:
        """Whether it describes words too: it defines `describe_text`."""
        return type(self).describe_text is not FeatureExtractor.describe_text

    @property
    def learns(self) -> bool:
        """Whether the extractor has to learn before it extracts: it defines `fit`."""
        return type(self).fit is not FeatureExtractor.fit

    @property
    def listens(self) -> bool:
        """Whether it takes sound and not pixels."""
        return self.inputs == SOUND

    def available_layers(self) -> Mapping[str, tuple[int, ...]]:
        """Return the layers by name, in the order of computation, each with the shape of its output for one image.

        The image has the size that the model was made for. May load the model, without its weights.
        """
        return {}
