"""Components that compute: what every one has, and the contracts of extractors, reducers and clusterers."""

from __future__ import annotations

import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import attrs
import numpy as np
from numpy.typing import NDArray

from covey._base.errors import CoveyError
from covey._base.progress import SILENT, Progress
from covey.components.options import check_options, component, format_value, option, options

if TYPE_CHECKING:
    from covey.data.dataset import Dataset

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Labels = NDArray[np.int32]


class Component(ABC):
    """A frozen value: its fields are its options, its method does the work.

    Equal options make equal components. Loaded models and fitted state live in what the methods return, never here.
    """

    name: ClassVar[str]
    """What people write in `use = "..."`: lower-case letters, digits, "-" and "_"."""
    version: ClassVar[int] = 1
    """Raised whenever the results change."""
    requires: ClassVar[Mapping[str, str]] = {}
    """The libraries it imports when it works: import name -> what `pip install` takes to bring it."""

    references: ClassVar[tuple[str, ...]] = ()
    """What to cite in a paper, each in full."""

    startup_message: ClassVar[str] = "starting"
    """What it does before its first result, as a person is told who waits: say, "compiling"."""

    def __attrs_post_init__(self) -> None:
        check_options(self)

    @property
    def tag(self) -> str:
        """A short name for files and tables: what tells this component from its siblings."""
        return self.name

    def identity(self) -> Mapping[str, Any]:
        """What, besides name, version and options, decides the result: say, the content hash of a weights file.

        Plain JSON values. They enter the key, in the place of an option of the same name. Must be quick and import
        nothing heavy, for it is asked on every run.
        """
        return {}

    def check_finite(self, array: Floats, what: str = "data", again: str = "reduce") -> None:
        """Raise CoveyError when an array holds NaN or infinity; `what` it is, and how to make it `again`, are told."""
        if not np.isfinite(array).all():
            raise CoveyError(f"{self.name}: the {what} hold values that are no finite numbers: {again} them again.")

    @classmethod
    def missing(cls) -> tuple[str, ...]:
        """Return what `pip install` takes to bring the libraries that are required and not installed."""
        absent = [pip for module, pip in cls.requires.items() if importlib.util.find_spec(module) is None]
        return tuple(dict.fromkeys(absent))


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
        default=None, ge=1, help="Images that go through the network at once. Larger batches need more memory."
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
"""From a batch of pixels (b, h, w, 3) uint8 to one (b, d) float32 array for each tapped layer."""


class FeatureExtractor(Component):
    """Describes each image by a vector.

    An extractor that can tap several layers has a plural option `layers`; each layer is a result of its own.
    """

    uses: ClassVar[frozenset[RuntimeSetting]] = frozenset()
    """The settings of the runtime that it obeys: any of "device", "precision", "threads" and "compile"."""

    @abstractmethod
    def load(self, runtime: Runtime) -> Extract:
        """Return the function that does the work, with the model loaded and ready.

        It takes pixels (b, h, w, 3) uint8, RGB, all images of one size, and returns one (b, d) float32 array for each
        layer, in the order of `layers` (one array when there is no such option). Every image gives the same d.
        Preprocessing is the extractor's own.

        Raises:
            CoveyError: weights that cannot be had, a layer that does not exist.
        """

    def available_layers(self) -> Mapping[str, tuple[int, ...]]:
        """Return what can be tapped, in the order of computation: its name, and the shape that it has for one image.

        The image is of the size that the model was made for. May load the model, without its weights.
        """
        return {}


@component
class Reducer(Component):
    """Gives each image a place in few dimensions."""

    sizes: tuple[int, ...] = option(
        default=(8,),
        ge=1,
        plural=True,
        help="Dimensions to reduce to; each size is a result of its own. More dimensions keep more detail.",
    )

    @abstractmethod
    def reduce(self, X: Floats, sizes: Sequence[int]) -> Iterable[Floats]:
        """Return one array (n, size) float32 for each of `sizes`, in their order, the rows as in X.

        What the sizes share is made once; a generator lets the progress bar advance. A size gives the same array
        whatever its siblings are. covey asks for size 2 too: the map.

        Args:
            X: features (n, d) float32, finite, n >= 1.
            sizes: dimensions asked for.

        Raises:
            CoveyError: too few images or features for what is asked.
        """

    def check_features(self, X: Floats) -> None:
        """Raise CoveyError when features hold NaN or infinity."""
        self.check_finite(X, "features", "extract")

    def check_new(self, X: Floats, X_new: Floats) -> None:
        """Raise CoveyError unless new rows (m, d) can be placed among rows (n, d): as wide, and finite."""
        if X.shape[1] != X_new.shape[1]:
            raise CoveyError(f"{self.name}: new images need {X.shape[1]} features, not {X_new.shape[1]}.")
        for rows in (X, X_new):
            self.check_features(rows)

    def transform(self, X: Floats, Z: Floats, X_new: Floats) -> Floats | None:
        """Return places (m, k) float32 for new rows in an embedding that exists; None: this reducer has no way to.

        What is on disk suffices: no model is kept. A row that is in X comes to lie where it is, but for rounding.

        Args:
            X: features (n, d) float32 of the images in the embedding.
            Z: what `reduce` made of them, (n, k) float32.
            X_new: features (m, d) float32 of other images.

        Raises:
            CoveyError: the new features do not fit.
        """
        return None


class Clusterer(Component):
    """Finds groups."""

    @property
    def tag(self) -> str:
        """The name, and every option that is not at its default."""
        given = {one.name: (getattr(self, one.name), one.default) for one in options(type(self))}
        return "-".join(
            [self.name, *(f"{name}{format_value(value)}" for name, (value, first) in given.items() if value != first)]
        )

    takes: ClassVar[Literal["embedding", "features"]] = "embedding"
    """What it clusters: "embedding" (the reduced features) or "features"."""

    @property
    def takes_features(self) -> bool:
        """Whether it clusters features instead of an embedding."""
        return self.takes == "features"

    @abstractmethod
    def cluster(self, Z: Floats) -> Labels:
        """Return the cluster of each row of Z (n, k) float32 as (n,) int32: 0, 1, 2, ... and -1 for noise.

        n may be 0 or 1. Equal options and input give equal labels.
        """

    def resolve(self, Z: Floats) -> Self:
        """Return it with options that are none set to what these data suggest; covey keeps what was chosen.

        Raises:
            CoveyError: what `cluster` raises for such data.
        """
        return self

    def prepare(self, Z: Floats, progress: Progress = SILENT) -> Prepared | None:
        """Do once what the values of the options marked `live=True` share; None: there is no such work.

        Raises:
            CoveyError: what `cluster` raises for such data.
        """
        return None


def cluster(clusterer: Clusterer, Z: Floats) -> Labels:
    """Return the labels (n,) int32 that a clusterer gives the rows of Z. Raises CoveyError when it gives others."""
    labels = np.asarray(clusterer.cluster(Z), dtype=np.int32)
    if labels.shape != (len(Z),):
        raise CoveyError(f"{clusterer.name} must give {len(Z)} labels, but gave an array of shape {labels.shape}.")
    return labels


class Prepared(ABC):
    """What a clusterer has prepared for some data: its labels for other values of the live options, at once."""

    @abstractmethod
    def labels(self, clusterer: Any) -> Labels | None:
        """Return what `clusterer.cluster` gives for the same data; None: another preparation is needed for it."""

    def values(self, option: str) -> Sequence[Any]:
        """Return the values of an option worth looking at, ascending; none where they are not known."""
        return ()

    def suggest(self, option: str) -> Any:
        """Return the value of an option that the data suggest; None where there is none."""
        return None


@attrs.frozen(kw_only=True)
class PublishOptions:
    """How a dataset is to be published."""

    public: bool = False
    """For all to see."""
    message: str = ""
    """What is new; "" for a generated text."""
    original: bool = False
    """With what the original tools need besides."""


class Storage(Component):
    """Opens datasets wherever they lie. Its name is the scheme of its locations: `name:place`."""

    def fetch(self, place: str, progress: Progress = SILENT) -> None:
        """Bring the dataset at `place` to this machine, or up to date; by default it is on this machine.

        Raises:
            CoveyError: it is not on this machine and cannot be fetched.
        """
        return

    @abstractmethod
    def open(self, place: str) -> Dataset:
        """Return the dataset at `place`, the location without its scheme; one that was fetched needs no network.

        Raises:
            CoveyError: there is no such place, or it cannot be reached.
        """

    def create(self, place: str, images: Path) -> Dataset:
        """Return a dataset at `place`, made if need be, that remembers where its images are.

        Raises:
            CoveyError: this storage makes no datasets, or `place` cannot be written.
        """
        raise CoveyError(f"{self.name} cannot make a dataset at {place!r}: use --out with a folder.")

    def publish(self, dataset: Dataset, place: str, wishes: PublishOptions, progress: Progress = SILENT) -> str:
        """Make `place` hold what a dataset holds, and return what was done, in a sentence.

        Raises:
            CoveyError: this storage publishes nothing, `place` cannot be written, or the dataset is empty.
        """
        raise CoveyError(f"{self.name} publishes nothing: name a place such as kaggle:owner/name.")
