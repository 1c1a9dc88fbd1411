"""The contracts of components: what extractors, reducers, clusterers and storages must do."""

from __future__ import annotations

import importlib.util
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import attrs
import numpy as np
from numpy.typing import NDArray

from covey._base.errors import CoveyError
from covey._base.progress import SILENT, Progress
from covey.components.extras import Extracted, ExtraTables
from covey.components.guard import guard_overrides
from covey.components.options import check_options, component, evolve, format_value, option, option_values, options
from covey.components.table_kinds import TableKind

if TYPE_CHECKING:
    from covey.components.fitting import Epoch, State, TrainingClips
    from covey.data.dataset import Dataset

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Labels = NDArray[np.int32]


@attrs.frozen(kw_only=True)
class MissingFiles:
    """Files that a component needs, that no library brings along, and that are not on this machine yet.

    Attributes:
        what: what they are: "the model BirdNET 2.4".
        size_mb: how much is fetched, in MB.
        licence: under which they may be used.
        origin: from where they are fetched.
        fetch: fetches them, once a person has agreed.
    """

    what: str
    size_mb: int
    licence: str
    origin: str
    fetch: Callable[[Progress], None]

    def describe(self) -> str:
        """Return in a sentence what a person has to agree to."""
        return (
            f"{self.what[:1].upper()}{self.what[1:]} is not on this machine: {self.size_mb} MB from {self.origin};"
            f" licence {self.licence}."
        )


class Component(ABC):
    """A frozen value: its fields are its options, its methods do the work.

    Components with equal options are equal. Loaded models and fitted state belong to what the methods return.
    """

    name: ClassVar[str]
    """Name in `use = "..."`: lower-case letters, digits, "-" and "_"."""
    version: ClassVar[int] = 1
    """Raise it whenever the results change."""
    requires: ClassVar[Mapping[str, str]] = {}
    """Libraries that the methods import: import name -> requirement for `pip install`."""

    references: ClassVar[tuple[str, ...]] = ()
    """Publications to cite, each in full."""

    implementation: ClassVar[str] = ""
    """Sentence without a full stop for the methods text: what covey's own code computed, and what a library did."""

    startup_message: ClassVar[str] = "starting"
    """What a waiting person reads until the first result, such as "compiling"."""

    def __init_subclass__(cls) -> None:
        """Guard what a plugin implements, see `covey.components.guard`."""
        super().__init_subclass__()
        guard_overrides(cls)

    def __attrs_post_init__(self) -> None:
        check_options(self)

    @property
    def tag(self) -> str:
        """Short name in file names and tables."""
        return self.name

    def identity(self) -> Mapping[str, object]:
        """Return what decides the result besides name, version and options, such as the hash of a weights file.

        The values are plain JSON and enter the key; one with the name of an option replaces that option in it. covey
        calls this on every run, so that it must be fast and import nothing heavy.
        """
        return {}

    def missing_files(self) -> MissingFiles | None:
        """Return the files that must be fetched before it works, which people are asked about; None if there are none.

        The answer is fast and needs no network.
        """
        return None

    def check_finite(self, array: Floats, what: str = "data", again: str = "reduce") -> None:
        """Check that an array holds neither NaN nor infinity.

        Args:
            array: numbers of any shape.
            what: noun for the array in the message.
            again: verb for making the array, in the message.

        Raises:
            CoveyError: a number is not finite.
        """
        if not np.isfinite(array).all():
            raise CoveyError(f"{self.name}: the {what} hold values that are no finite numbers: {again} them again.")

    @classmethod
    def missing(cls) -> tuple[str, ...]:
        """Return the requirements for `pip install` of required libraries that are not installed."""
        requirements = [pip for module, pip in cls.requires.items() if not is_installed(module)]
        return tuple(dict.fromkeys(requirements))


def _describe_changes(component: Component, *others: str) -> str:
    """Return the name of a component with the options that differ from their defaults, but for `others`."""
    shown = [option for option in options(type(component)) if not option.plural and option.name not in others]
    settings = [(option, getattr(component, option.name)) for option in shown]
    changed = [f"{option.name}{format_value(chosen)}" for option, chosen in settings if chosen != option.default]
    return _plain_text("-".join([component.name, *changed]))


def _plain_text(text: str) -> str:
    """Return a text that can stand in a file name."""
    return re.sub(r"[/\\:\s]", "-", text)


def is_installed(module: str) -> bool:
    """Whether a module of this name can be imported."""
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):  # a package in which it would lie is missing
        return False


RuntimeSetting = Literal["device", "precision", "threads", "compile"]
"""A setting of `Runtime` that only some extractors obey."""


@component
class Runtime(Component):
    """How to compute, not what: nothing here changes a result beyond rounding.

    Settings left at None are decided from the hardware and the number of images before an extractor sees them; an
    extractor that is handed None computes as usual: on the CPU, in float32, not compiled.
    """

    name = "runtime"

    device: str | None = option(
        default=None, choices=("cpu", "cuda", "mps"), help="What computes; none takes a GPU where there is one."
    )
    precision: str | None = option(
        default=None,
        choices=("float32", "bfloat16"),
        help="Numbers in the network; none takes bfloat16 on GPUs and processors that have units for it.",
    )
    compile: bool | None = option(
        default=None,
        help="Whether the network is compiled first, which takes a while; none does so for many images of one size if"
        " a compiler is installed.",
    )
    batch_size: int | None = option(
        default=None,
        ge=1,
        help="Images that go through the network at once; of large ones, fewer. Larger batches need more memory.",
    )
    threads: int | None = option(
        default=None, ge=1, help="Threads of one forward pass; none takes one a core. More threads use more cores."
    )
    workers: int | None = option(
        default=None, ge=1, help="Threads that decode images; none takes one a core. More help where disks are slow."
    )
    compress: bool = option(
        default=False, help="Whether result files are compressed: smaller, and slower to open where they are large."
    )
    strict: bool = option(
        default=False,
        help="Whether features that were computed on different machines or library versions are refused in one table.",
    )


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
    """The settings of the runtime that it obeys: any of "device", "precision", "threads" and "compile"."""
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
        return "_".join([_describe_changes(self), *("+".join(map(_plain_text, names)) for names in layers)])

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


@component
class Reducer(Component):
    """Places each image in a space of few dimensions."""

    sizes: tuple[int, ...] = option(
        default=(8,),
        ge=1,
        plural=True,
        help="Dimensions to reduce to; each size is a result of its own. More dimensions keep more detail.",
    )

    @property
    def tag(self) -> str:
        """Name, followed by each option that differs from its default; the number of neighbours stands before it."""
        return _describe_changes(self, "neighbors")

    @abstractmethod
    def reduce(self, X: Floats, sizes: Sequence[int]) -> Iterable[Floats]:
        """Reduce features to each of several sizes, and compute what they share only once.

        The result for one size must not depend on the other sizes. A generator lets the progress bar advance. covey
        also requests size 2, for the map.

        Args:
            X: features (n, d) float32, n >= 1.
            sizes: numbers of dimensions.

        Returns:
            One array (n, size) float32 for each of `sizes`, in their order, its rows in the order of X.

        Raises:
            CoveyError: there are too few images or features, or a feature is not finite.
        """

    def check_features(self, X: Floats) -> None:
        """Check that features (n, d) hold neither NaN nor infinity.

        Raises:
            CoveyError: a feature is not finite.
        """
        self.check_finite(X, "features", "extract")

    def check_new(self, X: Floats, X_new: Floats) -> None:
        """Check that features X_new (m, d) can be placed among features X (n, d).

        Raises:
            CoveyError: they differ in width, or a feature is not finite.
        """
        if X.shape[1] != X_new.shape[1]:
            raise CoveyError(f"{self.name}: new images need {X.shape[1]} features, not {X_new.shape[1]}.")
        for rows in (X, X_new):
            self.check_features(rows)

    def transform(self, X: Floats, Z: Floats, X_new: Floats) -> Floats | None:
        """Place new images in an existing embedding, from the tables alone: no fitted model is stored.

        A row that is also in X is placed where X has it, up to rounding.

        Args:
            X: features (n, d) float32 of the images in the embedding.
            Z: the embedding (n, k) float32 that `reduce` made of X.
            X_new: features (m, d) float32 of the new images.

        Returns:
            Places (m, k) float32; None if the reducer cannot place new images.

        Raises:
            CoveyError: the new features have another width, or are not finite.
        """
        return None


class Clusterer(Component):
    """Groups images into clusters."""

    @property
    def tag(self) -> str:
        """Name, followed by each option that differs from its default."""
        return _describe_changes(self)

    takes: ClassVar[TableKind] = TableKind.EMBEDDING
    """Kind of the tables that it clusters: embeddings (the reduced features) or features."""

    @property
    def takes_features(self) -> bool:
        """Whether it clusters features, not an embedding."""
        return self.takes == TableKind.FEATURES

    @abstractmethod
    def cluster(self, Z: Floats) -> Labels:
        """Return the cluster of each row.

        Equal options and input must give equal labels.

        Args:
            Z: embedding or features (n, k) float32; n may be 0 or 1.

        Returns:
            Labels (n,) int32: 0, 1, 2, ..., and -1 for noise.

        Raises:
            CoveyError: the rows cannot be clustered with these options.
        """

    def resolve(self, Z: Floats) -> Self:
        """Return a copy in which options left at None are filled in from the data; covey records their values.

        Raises:
            CoveyError: as `cluster` does.
        """
        return self

    def prepare(self, Z: Floats, progress: Progress = SILENT) -> Prepared | None:
        """Compute once what all values of the options marked `live=True` share; None if there is nothing to share.

        Raises:
            CoveyError: as `cluster` does.
        """
        return None


def cluster(clusterer: Clusterer, Z: Floats) -> Labels:
    """Cluster the rows of Z (n, k) and return their labels (n,) int32.

    Raises:
        CoveyError: the clusterer cannot cluster them, or returns labels of another shape.
    """
    labels = np.asarray(clusterer.cluster(Z), dtype=np.int32)
    if labels.shape != (len(Z),):
        raise CoveyError(f"{clusterer.name} must give {len(Z)} labels, but gave an array of shape {labels.shape}.")
    return labels


class Prepared(ABC):
    """What a clusterer has prepared for some data, to give labels for any values of its live options quickly."""

    def __init_subclass__(cls) -> None:
        """Guard what a plugin implements."""
        super().__init_subclass__()
        guard_overrides(cls)

    @abstractmethod
    def labels(self, clusterer: Any) -> Labels | None:
        """Return what `clusterer.cluster` returns for the same data; None if it needs another preparation."""

    def values(self, option: str) -> Sequence[float]:
        """Return the values of a numeric option at which the labels change, ascending; empty if unknown."""
        return ()

    def suggest(self, option: str) -> float | None:
        """Return the value of a numeric option that the data suggest; None if there is none."""
        return None

    def explain(self, option: str) -> str:
        """Return why `suggest` names its value, such as "11 groups; 9 to 13 between eps 0.31 and 0.38"; "" for none."""
        return ""


def fill_options(clusterer: Clusterer, Z: Floats, prepared: Prepared | None) -> tuple[Clusterer, dict[str, str]]:
    """Fill in the options left at None from the data.

    Args:
        clusterer: the clusterer.
        Z: the array to cluster, (n, k) float32.
        prepared: the return value of its `prepare(Z)`, which saves computing suggestions again.

    Returns:
        A copy with the values, as `clusterer.resolve(Z)` gives it, and the reason for each option that has one.

    Raises:
        CoveyError: as `resolve` does.
    """
    open_options = [name for name, setting in option_values(clusterer).items() if setting is None]
    suggestions = {name: prepared.suggest(name) for name in open_options} if prepared else {}
    named = {name: suggestion for name, suggestion in suggestions.items() if suggestion is not None}
    reasons = {name: reason for name in named if prepared and (reason := prepared.explain(name))}
    return evolve(clusterer, **named).resolve(Z), reasons


@attrs.frozen(kw_only=True)
class PublishOptions:
    """How to publish a dataset.

    Attributes:
        public: whether everybody can see it.
        message: description of the new version; "" generates one.
        original: whether it is laid out as the frontend of the original tools opens it.
    """

    public: bool = False
    message: str = ""
    original: bool = False


class Storage(Component):
    """Opens, creates and publishes datasets. Its name is the scheme of its locations: `name:place`."""

    def fetch(self, place: str, progress: Progress = SILENT) -> None:
        """Download or update the dataset at `place`. The default does nothing: the dataset is on this machine.

        Raises:
            CoveyError: it is not on this machine and cannot be downloaded.
        """
        return

    @abstractmethod
    def open(self, place: str) -> Dataset:
        """Open the dataset at `place`, a location without its scheme; after `fetch` this needs no network.

        Raises:
            CoveyError: the place does not exist or cannot be reached.
        """

    def create(self, place: str, images: Path) -> Dataset:
        """Open the dataset at `place`, created if it does not exist, and store in it where its images are.

        Raises:
            CoveyError: the storage creates no datasets, or `place` cannot be written.
        """
        raise CoveyError(f"{self.name} cannot make a dataset at {place!r}: use --out with a folder.")

    def publish(self, dataset: Dataset, place: str, options: PublishOptions, progress: Progress = SILENT) -> str:
        """Publish a dataset at `place`.

        Args:
            dataset: what to publish.
            place: location without its scheme.
            options: how to publish it.
            progress: reports how far the upload is.

        Returns:
            What was published, in one sentence.

        Raises:
            CoveyError: the storage publishes nothing, `place` cannot be written, or the dataset is empty.
        """
        raise CoveyError(f"{self.name} publishes nothing: name a place such as kaggle:owner/name.")
