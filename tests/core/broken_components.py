"""Good components of each kind, and for each check of the contract some that are made to break it."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import attrs
import numpy as np
from numpy.typing import NDArray

from covey import (
    Clusterer,
    CoveyError,
    Dataset,
    Epoch,
    ExtraColumn,
    Extracted,
    ExtractSound,
    ExtractWithExtras,
    FeatureExtractor,
    Reducer,
    Runtime,
    State,
    Storage,
    TrainingClips,
    component,
    option,
)
from covey._base.progress import SILENT, Progress
from covey.authoring import (
    FoundRecording,
    RecordingDownload,
    Resume,
    Source,
    VisionExtractor,
    evolve,
    layers_option,
    make_folder,
    user_data_folder,
)
from covey.components.contracts import Component, Extract, Floats, Labels, Pixels, Prepared, PublishOptions
from covey.components.extras import ExtraTables
from covey.data.dataset import AnyEntry, Entry, T
from covey.data.folder import FolderDataset
from covey.data.tables import Table

Broken = tuple[type[Component], str, str]
"""A component, the name of the check that it fails, and a pattern of the message."""
_NUMBERS = itertools.count()
_NAN = float("nan")


class Mean(FeatureExtractor):
    """A good extractor; the broken ones below inherit from it."""

    def load(self, runtime: Runtime) -> Extract:
        return lambda pixels: [pixels.mean(axis=(1, 2), dtype=np.float32)]


class Loud(FeatureExtractor):
    """A good extractor that listens."""

    inputs = "sound"
    rate = 8000
    seconds = 0.5

    def load(self, runtime: Runtime) -> ExtractSound:
        return lambda samples: [np.sqrt((samples**2).mean(axis=1, keepdims=True))]


class Naming(FeatureExtractor):
    """A good extractor with an extra table; broken ones below inherit from it."""

    extras: ClassVar[ExtraTables] = {"colours": {"name": ExtraColumn(str, 2), "share": ExtraColumn(float)}}

    def load(self, runtime: Runtime) -> ExtractWithExtras:
        return self.describe

    def describe(self, pixels: Pixels) -> Extracted:
        means = pixels.mean(axis=(1, 2), dtype=np.float32)
        order = np.argsort(means, axis=1)[:, ::-1]
        colours = {"name": np.array(["red", "green", "blue"])[order[:, :2]], "share": means.max(axis=1, keepdims=True)}
        return Extracted(features=[means], extras={"colours": colours})


def replace_shares(outputs: Extracted, shares: NDArray[np.generic]) -> Extracted:
    """Return what `Naming` gives of a batch with other shares."""
    return attrs.evolve(outputs, extras={"colours": {**outputs.extras["colours"], "share": shares}})


class Tallying(FeatureExtractor):
    """A good extractor that learns; the broken ones below inherit from it."""

    def fit(self, clips: TrainingClips, runtime: Runtime, checkpoint: State | None) -> Iterator[Epoch]:
        done = int(checkpoint["number"]) if checkpoint else 0
        for number in range(done + 1, 4):
            yield Epoch(state={"number": np.array(number)}, loss=1.0 / number, number=number, total=3)

    def load(self, runtime: Runtime, state: State | None = None) -> Extract:
        number = float((state or {})["number"])
        return lambda pixels: [pixels.mean(axis=(1, 2), dtype=np.float32) + np.float32(number)]


class Halves(Clusterer):
    """A good clusterer; the broken ones below inherit from it."""

    def cluster(self, Z: Floats) -> Labels:
        if not np.isfinite(Z).all():
            raise CoveyError("not finite")
        return np.asarray(Z[:, 5] > 0, dtype=np.int32)


class Columns(Reducer):
    """A good reducer; the broken ones below inherit from it."""

    def reduce(self, X: Floats, sizes: Sequence[int]) -> Iterable[Floats]:
        self.check_features(X)
        return [X[:, :size].copy() for size in sizes]

    def transform(self, X: Floats, Z: Floats, X_new: Floats) -> Floats | None:
        self.check_new(X, X_new)
        return X_new[:, : Z.shape[1]].copy()


class Folder(Storage):
    """A good storage; the broken ones below inherit from it."""

    opens: ClassVar[type[FolderDataset]] = FolderDataset

    def open(self, place: str) -> Dataset:
        if not Path(place).is_dir():
            raise CoveyError("no such folder")
        return self.opens(Path(place))

    def create(self, place: str, images: Path) -> Dataset:
        Path(place).mkdir(parents=True)
        dataset = self.opens(Path(place))
        dataset.point_to(images)
        return dataset

    def publish(self, dataset: Dataset, place: str, options: PublishOptions, progress: Progress = SILENT) -> str:
        shutil.copytree(dataset.home, place, dirs_exist_ok=True)
        return f"Published at {place}."


@component
class GoodLoud(Loud):
    """A good extractor that listens."""

    name = "good-loud"


@component
class GoodMean(Mean):
    """A good extractor."""

    name = "good"


@component
class GoodTallying(Tallying):
    """A good extractor that learns."""

    name = "good"


@component
class GoodColumns(Columns):
    """A good reducer."""

    name = "good"


@component
class GoodHalves(Halves):
    """A good clusterer."""

    name = "good"


@component
class GoodFolder(Folder):
    """A good storage."""

    name = "good"


@component
class Hoarding(Folder):
    """A good storage that keeps copies in the folder of the user."""

    name = "hoarding"

    def create(self, place: str, images: Path) -> Dataset:
        (make_folder(user_data_folder()) / "copy.txt").write_text(place, "utf-8")
        return Folder.create(self, place, images)


@component
class Placeless(Reducer):
    """A good reducer that places no new images."""

    name = "placeless"

    def reduce(self, X: Floats, sizes: Sequence[int]) -> Iterable[Floats]:
        return Columns.reduce(GoodColumns(), X, sizes)


class Unmarked(Halves):
    """Is no component."""

    name = "bad"


@component
class Undocumented(Halves):
    name = "bad"


@component
class Unexplained(Halves):
    """An option without help."""

    name = "bad"
    size: int = option(default=1, help=" ")


@component
class Comma(Halves):
    """An option whose default cannot be written on the command line."""

    name = "bad"
    words: tuple[str, ...] = option(default=("a,b",), help="Words.")


@component
class Restless(Halves):
    """Changes its option whenever it is created."""

    name = "bad"
    size: int = option(default=1, help="A size.")

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "size", self.size + 1)


@component
class Unequal(Halves):
    """Is equal to nothing but itself."""

    name = "bad"

    def __eq__(self, component: object) -> bool:
        return self is component

    __hash__ = object.__hash__


@component
class Unhashed(Halves):
    """Is equal to others, but hashed by its address."""

    name = "bad"


setattr(Unhashed, "__hash__", object.__hash__)  # noqa: B010  (in the class, attrs 23 would replace it)


@component
class Hidden(Halves):
    """Has an option whose field has another name than its argument."""

    name = "bad"
    _size: int = option(default=1, help="A size.")


@component
class Unpicklable(Halves):
    """Holds a function, which cannot be pickled."""

    name = "bad"

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "function", lambda: None)


@component
class Amnesic(Halves):
    """Loses its option when it is pickled."""

    name = "bad"
    size: int = option(default=1, help="A size.")

    def __getstate__(self) -> dict[str, Any]:
        return {"size": 2}


@component
class Lenient(Halves):
    """Accepts any value for an option."""

    name = "bad"
    size: int = option(default=1, help="A size.")

    def __attrs_post_init__(self) -> None:
        pass


@component
class Rough(Halves):
    """Refuses a value without naming the option."""

    name = "bad"
    size: int = option(default=1, help="A size.")

    def __attrs_post_init__(self) -> None:
        if self.size != 1:
            raise CoveyError("It is wrong.")


@component
class Failing(Halves):
    """Refuses a value with another exception than CoveyError."""

    name = "bad"
    size: int = option(default=1, help="A size.")

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "size", int(self.size))


@component
class Versioned(Halves):
    """Has a text as its version."""

    name = "bad"
    version = "one"  # type: ignore[assignment]


@component
class Cited(Halves):
    """Cites one publication, not a tuple of them."""

    name = "bad"
    references = "Ester et al. 1996"  # type: ignore[assignment]


@component
class Requiring(Halves):
    """Requires libraries without saying what to install."""

    name = "bad"
    requires = ("torch",)  # type: ignore[assignment]


@component
class Nameless(Halves):
    """Has no name."""

    name = "My clusterer"


@component
class Silent(Halves):
    """Says nothing to those who wait."""

    name = "bad"
    startup_message = None  # type: ignore[assignment]


@component
class Escaping(Halves):
    """Has a path as its tag."""

    name = "bad"

    @property
    def tag(self) -> str:
        return "../../x:y"


@component
class Renamed(Halves):
    """Has another tag each time."""

    name = "bad"

    @property
    def tag(self) -> str:
        return str(next(_NUMBERS))


@component
class Modelless(VisionExtractor):
    """Has no model."""

    name = "bad"
    layers: tuple[str, ...] = layers_option("0")

    def network(self) -> Any:
        return None


@component
class Unstable(Halves):
    """Has another identity each time."""

    name = "bad"

    def identity(self) -> Mapping[str, object]:
        return {"number": next(_NUMBERS)}


@component
class Objective(Halves):
    """Has an identity that is no JSON."""

    name = "bad"

    def identity(self) -> Mapping[str, object]:
        return {"weights": Path}


@component
class Searched(Source):
    """A source with a property where a method is expected."""

    name = "bad"

    @property
    def find(self) -> Iterator[FoundRecording]:  # type: ignore[override]
        return iter(())

    def open(self, recording: FoundRecording, resume: Resume | None = None) -> RecordingDownload:
        raise NotImplementedError


@component
class Propertied(Halves):
    """Has a property where a method is expected."""

    name = "bad"

    @property
    def identity(self) -> Mapping[str, object]:  # type: ignore[override]
        return {}


@component
class Called(Halves):
    """Has a method where a property is expected."""

    name = "bad"

    def tag(self) -> str:  # type: ignore[override]
        return "bad"


@component
class Unnumbered(Halves):
    """Has an identity that is not a number."""

    name = "bad"

    def identity(self) -> Mapping[str, object]:
        return {"loss": _NAN}


@component
class Absent(Halves):
    """Lies in a module that cannot be imported."""

    name = "bad"


Absent.__module__ = "no_such_module"


@component
class Misnamed(Halves):
    """Requires a library by the name that pip knows it by."""

    name = "bad"
    requires: ClassVar = {"scikit-learn": "scikit-learn>=1.4"}


@component
class Unoffered(Halves):
    """Lies in the package of a plugin that does not offer it."""

    name = "bad"


Unoffered.__module__ = "covey_kmeans"


BROKEN_COMPONENTS: list[Broken] = [
    (Lenient, "wrong_settings", "wrong value for option 'size' must raise CoveyError"),
    (Rough, "wrong_settings", "must raise CoveyError that names it, not It is wrong"),
    (Failing, "wrong_settings", "must raise CoveyError that names it, not TypeError"),
    (Undocumented, "docstring", "needs a docstring"),
    (Unexplained, "option_help", "needs a help text"),
    (Comma, "flags", "is not read back as"),
    (Restless, "equality", "equal options must make equal components"),
    (Unequal, "equality", "equal options must make equal components"),
    (Unhashed, "equality", "must have equal hashes"),
    (Hidden, "toml", "written as TOML"),
    (Unpicklable, "pickling", "must be picklable"),
    (Amnesic, "pickling", "pickled and read back it becomes"),
    (Unmarked, "declaration", "not marked with @component"),
    (Propertied, "declaration", "identity must be a method, without @property, as in Component"),
    (Searched, "declaration", "find must be a method, without @property, as in Source"),
    (Called, "declaration", "tag must be a property, with @property, as in Clusterer"),
    (Versioned, "attributes", "version must be a whole number, not 'one'"),
    (Versioned, "provenance", "provenance cannot be written and read back: .*version"),
    (Cited, "attributes", "references must be a tuple of texts"),
    (Requiring, "attributes", "requires must name a requirement for each module"),
    (Nameless, "attributes", "must be lower-case letters, digits"),
    (Silent, "attributes", "startup_message must be a text, not None"),
    (Escaping, "tag", "tag must be one line without slashes and colons, not '../../x:y'"),
    (Renamed, "tag", "tag must be the same each time"),
    (Modelless, "tag", "tag must not raise AttributeError.*'model'"),
    (Unstable, "identity", r"identity\(\) must be the same each time"),
    (Objective, "identity", r"identity\(\) must return plain JSON values"),
    (Unnumbered, "identity", r"identity\(\) must return plain JSON values by name, not .*nan"),
    (Absent, "quick_import", "no_such_module cannot be imported by itself"),
    (Misnamed, "requires", r"requires names \['scikit-learn'\], which cannot be imported"),
    (Unoffered, "offered", "covey_clusterers of covey_kmeans must yield Unoffered: it yields Kmeans"),
]


@component
class Telepathic(Mean):
    """Takes what there is not."""

    name = "bad"
    inputs: ClassVar[Any] = "thoughts"


@component
class GoodPupil(Loud):
    """A good extractor that learns from what it hears."""

    name = "good-pupil"

    def fit(self, clips: TrainingClips, runtime: Runtime, checkpoint: State | None) -> Iterator[Epoch]:
        done = int(checkpoint["number"]) if checkpoint else 0
        for number in range(done + 1, 4):
            level = np.array(np.mean([np.abs(clip.samples).mean() for clip in clips]))
            yield Epoch(state={"number": np.array(number), "level": level}, loss=0.5, number=number, total=3)

    def load(self, runtime: Runtime, state: State | None = None) -> ExtractSound:
        level = np.asarray((state or {})["level"], np.float32)
        return lambda samples: [np.sqrt((samples**2).mean(axis=1, keepdims=True)) / level]


@component
class Timeless(Loud):
    """Does not say how long the sound is."""

    name = "bad"
    seconds = 0


@component
class SoundMean(Loud):
    """Subtracts the loudness of the batch."""

    name = "bad"

    def load(self, runtime: Runtime) -> ExtractSound:
        return lambda samples: [np.abs(samples).mean(axis=1, keepdims=True) - np.abs(samples).mean()]


@component
class BatchMean(Mean):
    """Subtracts the mean of the batch."""

    name = "bad"

    def load(self, runtime: Runtime) -> Extract:
        return lambda pixels: [_means(pixels) - _means(pixels).mean(axis=0)]


@component
class Reversed(Mean):
    """Returns the features in reverse order."""

    name = "bad"

    def load(self, runtime: Runtime) -> Extract:
        return lambda pixels: [np.ascontiguousarray(_means(pixels)[::-1])]


@component
class Double(Mean):
    """Returns float64."""

    name = "bad"

    def load(self, runtime: Runtime) -> Extract:
        return lambda pixels: [pixels.mean(axis=(1, 2), dtype=np.float64)]


@component
class Twice(Mean):
    """Returns two arrays for one layer."""

    name = "bad"

    def load(self, runtime: Runtime) -> Extract:
        return lambda pixels: [_means(pixels)] * 2


@component
class Infinite(Mean):
    """Divides by zero."""

    name = "bad"

    def load(self, runtime: Runtime) -> Extract:
        return lambda pixels: [_means(pixels) * np.float32(np.inf)]


@component
class Dice(Mean):
    """Returns random features."""

    name = "bad"

    def load(self, runtime: Runtime) -> Extract:
        return lambda pixels: [np.random.default_rng().normal(size=(len(pixels), 3)).astype(np.float32)]


@component
class Overwriting(Mean):
    """Writes into the pixels."""

    name = "bad"

    def load(self, runtime: Runtime) -> Extract:
        return _overwrite


@component
class Siblings(Mean):
    """Multiplies each layer by the number of layers."""

    name = "bad"
    layers: tuple[str, ...] = option(default=("a", "b"), plural=True, help="Layers.")

    def load(self, runtime: Runtime) -> Extract:
        return lambda pixels: [_means(pixels) * len(self.layers) for _ in self.layers]


@component
class Diary(Mean):
    """Writes a file into the current folder."""

    name = "bad"

    def load(self, runtime: Runtime) -> Extract:
        Path("diary.txt").write_text("today", "utf-8")
        return Mean.load(self, runtime)


def _means(pixels: Pixels) -> Floats:
    return np.asarray(pixels.mean(axis=(1, 2)), dtype=np.float32)


def _overwrite(pixels: Pixels) -> list[Floats]:
    pixels[:] = 7
    return [_means(pixels)]


@component
class Chatty(Mean):
    """Prints to standard output."""

    name = "bad"

    def load(self, runtime: Runtime) -> Extract:
        print("loading weights")
        return Mean.load(self, runtime)


@component
class Unlisted(Mean):
    """Does not list the layer that it taps."""

    name = "bad"
    layers: tuple[str, ...] = option(default=("last",), plural=True, help="Layers.")

    def available_layers(self) -> Mapping[str, tuple[int, ...]]:
        return {"first": (3,)}


@component
class Shapeless(Mean):
    """Lists layers without their shapes."""

    name = "bad"
    layers: tuple[str, ...] = option(default=("last",), plural=True, help="Layers.")

    def available_layers(self) -> Mapping[str, tuple[int, ...]]:
        return {"last": "wide"}  # type: ignore[dict-item]


@component
class Layerless(Mean):
    """Has one name for the tables of all layers."""

    name = "bad"
    layers: tuple[str, ...] = option(default=("a",), choices=("a", "b"), plural=True, help="Layers.")

    @property
    def tag(self) -> str:
        return "network"


@component
class Painting(Tallying):
    """Writes into the pixels that it learns from."""

    name = "bad"

    def fit(self, clips: TrainingClips, runtime: Runtime, checkpoint: State | None) -> Iterator[Epoch]:
        for clip in clips:
            clip.pixels[:] = 0
        return Tallying.fit(self, clips, runtime, checkpoint)


@component
class Undeclared(Mean):
    """Reads a setting of the runtime that it does not declare."""

    name = "bad"

    def load(self, runtime: Runtime) -> Extract:
        assert runtime.device != "cuda"
        return Mean.load(self, runtime)


@component
class Boastful(Mean):
    """Declares a setting of the runtime that it does not read."""

    name = "bad"
    uses = frozenset({"precision"})


@component
class Skipping(Tallying):
    """Numbers its epochs from 0."""

    name = "bad"

    def fit(self, clips: TrainingClips, runtime: Runtime, checkpoint: State | None) -> Iterator[Epoch]:
        return (
            attrs.evolve(epoch, number=epoch.number - 1) for epoch in Tallying.fit(self, clips, runtime, checkpoint)
        )


@component
class Diverging(Tallying):
    """Has a loss that is no number."""

    name = "bad"

    def fit(self, clips: TrainingClips, runtime: Runtime, checkpoint: State | None) -> Iterator[Epoch]:
        return (attrs.evolve(epoch, loss=_NAN) for epoch in Tallying.fit(self, clips, runtime, checkpoint))


@component
class Objects(Tallying):
    """Has a state that no file can hold."""

    name = "bad"

    def fit(self, clips: TrainingClips, runtime: Runtime, checkpoint: State | None) -> Iterator[Epoch]:
        yield Epoch(state={"number": np.array([None])}, loss=1.0, number=1, total=1)


@component
class Idle(Tallying):
    """Yields no epoch."""

    name = "bad"

    def fit(self, clips: TrainingClips, runtime: Runtime, checkpoint: State | None) -> Iterator[Epoch]:
        return iter(())


@component
class Chance(Tallying):
    """Learns something else every time."""

    name = "bad"

    def fit(self, clips: TrainingClips, runtime: Runtime, checkpoint: State | None) -> Iterator[Epoch]:
        state = {"number": np.array(next(_NUMBERS))}
        yield Epoch(state=state, loss=1.0, number=1, total=1)


@component
class Restarting(Tallying):
    """Begins anew after a stop."""

    name = "bad"

    def fit(self, clips: TrainingClips, runtime: Runtime, checkpoint: State | None) -> Iterator[Epoch]:
        return Tallying.fit(self, clips, runtime, None)


@component
class Coasting(Tallying):
    """Forgets its momentum over a stop."""

    name = "bad"

    def fit(self, clips: TrainingClips, runtime: Runtime, checkpoint: State | None) -> Iterator[Epoch]:
        momentum = 0.0
        for epoch in Tallying.fit(self, clips, runtime, checkpoint):
            momentum = 0.5 * momentum + epoch.number
            yield attrs.evolve(epoch, state={**epoch.state, "momentum": np.array([momentum])})


@component
class Speeding(Tallying):
    """Learns by an option that is not declared for learning."""

    name = "bad"
    speed: int = option(default=1, ge=1, help="Speed. Raising it changes what is learned.")

    def fit(self, clips: TrainingClips, runtime: Runtime, checkpoint: State | None) -> Iterator[Epoch]:
        for epoch in Tallying.fit(self, clips, runtime, checkpoint):
            yield attrs.evolve(epoch, state={**epoch.state, "speed": np.array([self.speed])})


@component
class Murmuring(Tallying):
    """Prints while it learns."""

    name = "bad"

    def fit(self, clips: TrainingClips, runtime: Runtime, checkpoint: State | None) -> Iterator[Epoch]:
        print("epoch")
        return Tallying.fit(self, clips, runtime, checkpoint)


@component
class Threaded(Tallying):
    """Reads a setting that it does not declare while it learns."""

    name = "bad"

    def fit(self, clips: TrainingClips, runtime: Runtime, checkpoint: State | None) -> Iterator[Epoch]:
        assert runtime.threads is None
        return Tallying.fit(self, clips, runtime, checkpoint)


@component
class GoodNaming(Naming):
    """A good extractor with an extra table."""

    name = "good-naming"


@component
class Withholding(Naming):
    """Declares an extra table, and gives none."""

    name = "withholding"

    def describe(self, pixels: Pixels) -> Extracted:
        return Extracted(features=super().describe(pixels).features)


@component
class Precise(Naming):
    """Gives numbers of another dtype than it declares."""

    name = "precise"

    def describe(self, pixels: Pixels) -> Extracted:
        outputs = super().describe(pixels)
        return replace_shares(outputs, outputs.extras["colours"]["share"].astype(float))


@component
class Shadowing(Naming):
    """Names its extra table like what an extractor has learned."""

    name = "shadowing"
    extras: ClassVar[ExtraTables] = {"state": Naming.extras["colours"]}


@component
class Undefined(Naming):
    """Gives numbers that are none."""

    name = "undefined"

    def describe(self, pixels: Pixels) -> Extracted:
        return replace_shares(super().describe(pixels), np.full((len(pixels), 1), _NAN, np.float32))


@component
class Guessing(Naming):
    """Gives another share each time it is loaded."""

    name = "guessing"

    def load(self, runtime: Runtime) -> ExtractWithExtras:
        number = next(_NUMBERS)
        return lambda pixels: replace_shares(self.describe(pixels), np.full((len(pixels), 1), number, np.float32))


@component
class Ranking(Naming):
    """Gives each image the share of the first one of its batch."""

    name = "ranking"

    def describe(self, pixels: Pixels) -> Extracted:
        outputs = super().describe(pixels)
        return replace_shares(outputs, np.repeat(outputs.extras["colours"]["share"][:1], len(pixels), axis=0))


BROKEN_EXTRACTORS: list[Broken] = [
    (Withholding, "extras", r"declares the extras \['colours'\], but returned \[\]"),
    (Precise, "extras", r"colours: the column share must be an array \(4, 1\) of float32, not \(4, 1\) float64"),
    (Shadowing, "extras", "'state' cannot name an extra table"),
    (Undefined, "extras", "the numbers of extra tables must be finite"),
    (Guessing, "equal_extras", "equal options must give equal extra tables: colours.share differs"),
    (Ranking, "extra_rows", "must not depend on the rest of its batch or on layers: colours.share differs"),
    (Skipping, "epochs", r"epochs must be numbered 1, 2, 3, ..., not \[0, 1, 2\]"),
    (Diverging, "epochs", "the loss must be a finite float, not nan"),
    (Idle, "epochs", "fit must yield an epoch at least"),
    (Objects, "state", "its 'number' is an array of object"),
    (Chance, "equal_states", "equal options and clips must give equal states, but epoch 1 differs: 'number'"),
    (Restarting, "resuming", r"after epoch 1 of 3, fit must yield epochs \[2, 3\], not \[1, 2, 3\]"),
    (Coasting, "resuming", "stopped after epoch 1, epoch 2 must be as without a stop: 'momentum', 1 row"),
    (Speeding, "learning_options", "option 'speed' changes what is learned: declare it with learning=True"),
    (Murmuring, "quiet_learning", "fit may print nothing to standard output, not 'epoch'"),
    (Threaded, "uses", "reads threads of the runtime"),
    (Telepathic, "inputs", "inputs must be 'pixels' or 'sound', not 'thoughts'"),
    (Timeless, "inputs", "must declare rate, in Hz, and seconds, not 8000 and 0"),
    (SoundMean, "batches", "must not depend on the rest of its batch"),
    (BatchMean, "batches", "must not depend on the rest of its batch"),
    (Reversed, "batches", "must not depend on the rest of its batch"),
    (Double, "features", "float32, not .* float64"),
    (Twice, "features", "must give 1 array, not 2"),
    (Infinite, "features", "must be finite, but 4 rows of 4 hold NaN or infinity"),
    (Dice, "equal_features", "equal options must give equal features"),
    (Overwriting, "input", "input array must not be changed"),
    (Siblings, "layers", "must not depend on the other layers"),
    (Diary, "files", r"only files in its own place may be written, not \['diary.txt'\]"),
    (Chatty, "output", "nothing may be printed to standard output, not 'loading weights'"),
    (Unlisted, "available_layers", r"available_layers\(\) must list \['last'\]"),
    (Shapeless, "available_layers", "must give 'last' a shape of whole numbers"),
    (Layerless, "layer_tags", r"the layers a and b must have different tags, .* not \['network'\]"),
    (Painting, "epochs", "fit must not change what it is given, and raises .*read-only"),
    (Undeclared, "uses", "reads device of the runtime: name it in uses"),
    (Boastful, "uses", "declares precision in uses but never reads it"),
]


@component
class Greedy(Columns):
    """Returns arrays that depend on how many sizes there are."""

    name = "bad"

    def reduce(self, X: Floats, sizes: Sequence[int]) -> Iterable[Floats]:
        return [X[:, :size] * len(sizes) for size in sizes]


@component
class Shuffled(Columns):
    """Reverses the rows."""

    name = "bad"

    def reduce(self, X: Floats, sizes: Sequence[int]) -> Iterable[Floats]:
        return [np.ascontiguousarray(X[::-1, :size]) for size in sizes]


@component
class Wide(Columns):
    """Returns all columns."""

    name = "bad"

    def reduce(self, X: Floats, sizes: Sequence[int]) -> Iterable[Floats]:
        return [X for _ in sizes]


@component
class Short(Columns):
    """Returns only the first size."""

    name = "bad"

    def reduce(self, X: Floats, sizes: Sequence[int]) -> Iterable[Floats]:
        return [X[:, : sizes[0]]]


@component
class Unseeded(Columns):
    """Adds unseeded noise."""

    name = "bad"

    def reduce(self, X: Floats, sizes: Sequence[int]) -> Iterable[Floats]:
        noise = np.random.default_rng().normal(size=X.shape, scale=0.01).astype(np.float32)
        return [(X + noise)[:, :size] for size in sizes]


@component
class Many(Columns):
    """Fails with few rows."""

    name = "bad"

    def reduce(self, X: Floats, sizes: Sequence[int]) -> Iterable[Floats]:
        return [X[:, :size] + 0 * X[2, 0] for size in sizes]


@component
class Starting(Columns):
    """Begins with a random vector where there are many rows, as solvers of eigenvalues do."""

    name = "bad"

    def reduce(self, X: Floats, sizes: Sequence[int]) -> Iterable[Floats]:
        start = np.random.default_rng().normal(scale=1e-4) if len(X) > 200 else 0
        return [X[:, :size] + np.float32(start) for size in sizes]


@component
class Scaling(Columns):
    """Divides by the extent."""

    name = "bad"

    def reduce(self, X: Floats, sizes: Sequence[int]) -> Iterable[Floats]:
        with np.errstate(invalid="ignore"):
            return [((X - X[:1]) / np.ptp(X, axis=0) if len(X) > 3 else X)[:, :size] for size in sizes]


@component
class Hollow(Columns):
    """Returns NaN."""

    name = "bad"

    def reduce(self, X: Floats, sizes: Sequence[int]) -> Iterable[Floats]:
        return [np.full_like(X[:, :size], np.nan) for size in sizes]


@component
class Taking(Columns):
    """Changes its input."""

    name = "bad"

    def reduce(self, X: Floats, sizes: Sequence[int]) -> Iterable[Floats]:
        X -= X.mean(axis=0)
        return Columns.reduce(self, X, sizes)


@component
class Gullible(Columns):
    """Accepts NaN."""

    name = "bad"

    def reduce(self, X: Floats, sizes: Sequence[int]) -> Iterable[Floats]:
        return [np.nan_to_num(X[:, :size]) for size in sizes]


@component
class Sizeless(Columns):
    """Has no list of sizes."""

    name = "bad"
    sizes: int = option(default=2, help="A size.")  # type: ignore[assignment]


@component
class Counting(Columns):
    """Prints to standard output."""

    name = "bad"

    def reduce(self, X: Floats, sizes: Sequence[int]) -> Iterable[Floats]:
        print(len(X))
        return Columns.reduce(self, X, sizes)


@component
class Noting(Columns):
    """Writes a file into the current folder."""

    name = "bad"

    def reduce(self, X: Floats, sizes: Sequence[int]) -> Iterable[Floats]:
        Path("sizes.txt").write_text(str(sizes), "utf-8")
        return Columns.reduce(self, X, sizes)


@component
class Lost(Columns):
    """Places new images at no number."""

    name = "bad"

    def transform(self, X: Floats, Z: Floats, X_new: Floats) -> Floats | None:
        return np.full((1, 1), np.nan, dtype=np.float32)


@component
class Centred(Columns):
    """Places new images around the middle of the new images."""

    name = "bad"

    def transform(self, X: Floats, Z: Floats, X_new: Floats) -> Floats | None:
        self.check_new(X, X_new)
        return np.asarray(X_new[:, : Z.shape[1]] - X_new[:, : Z.shape[1]].mean(axis=0), dtype=np.float32)


@component
class Flat(Columns):
    """Forgets the columns where there are no rows."""

    name = "bad"

    def transform(self, X: Floats, Z: Floats, X_new: Floats) -> Floats | None:
        return X_new[:, : Z.shape[1]].copy() if len(X_new) else np.zeros(0, dtype=np.float32)


@component
class Credulous(Columns):
    """Places NaN."""

    name = "bad"

    def transform(self, X: Floats, Z: Floats, X_new: Floats) -> Floats | None:
        return X_new[:, : Z.shape[1]].copy()


@component
class Centring(Columns):
    """Changes the features of the embedding."""

    name = "bad"

    def transform(self, X: Floats, Z: Floats, X_new: Floats) -> Floats | None:
        X -= 1
        return X_new[:, : Z.shape[1]].copy()


BROKEN_REDUCERS: list[Broken] = [
    (
        Greedy,
        "sizes_alone",
        "must not depend on the other sizes: 480 rows differ, by at most [0-9.]+.*slicing",
    ),
    (Shuffled, "order", "must stay in order: .* within groups are [0-9.]+ of those between groups"),
    (Starting, "equal_embeddings", "equal options must give equal results: 480 rows differ, by at most"),
    (Scaling, "equal_rows", "the embedding of 60 rows of which 1 differ must be finite, but 60 rows of 60"),
    (Wide, "embeddings", r"must give an array \(240, 2\)"),
    (Short, "embeddings", "must give 2 arrays, not 1"),
    (Unseeded, "equal_embeddings", "equal options must give equal results"),
    (Hollow, "embeddings", "must be finite, but 240 rows of 240 hold NaN or infinity"),
    (Taking, "input", "input array must not be changed"),
    (Gullible, "nan", "must raise CoveyError: call check_features"),
    (Many, "few_rows", "0 rows must give an array or a CoveyError, not IndexError"),
    (Sizeless, "sizes", "the plural option of a reducer must be `sizes`"),
    (Counting, "output", "nothing may be printed to standard output, not '240'"),
    (Noting, "files", r"not \['sizes.txt'\]"),
    (Lost, "transform", r"transform must give an array \(123, 2\) float32, not \(1, 1\)"),
    (Centred, "transform", "must place a row that is in X where it is: it is [0-9.]+ away, of an extent [0-9.]+"),
    (Centring, "transform", "must not change the arrays that it is given"),
    (Flat, "transform_of_nothing", r"must give an array \(0, 2\)"),
    (Credulous, "transform_refusals", "features of another width must raise CoveyError in transform"),
]


@component
class FromOne(Halves):
    """Numbers the clusters from 1."""

    name = "bad"

    def cluster(self, Z: Floats) -> Labels:
        return Halves.cluster(self, Z) + np.int32(1)


@component
class Listing(Halves):
    """Returns a list."""

    name = "bad"

    def cluster(self, Z: Floats) -> Any:
        return Halves.cluster(self, Z).tolist()


@component
class Long(Halves):
    """Returns int64."""

    name = "bad"

    def cluster(self, Z: Floats) -> Labels:
        return Halves.cluster(self, Z).astype(np.int64)


@component
class Alternating(Halves):
    """Clusters by row number, not by values."""

    name = "bad"

    def cluster(self, Z: Floats) -> Labels:
        self.check_finite(Z)
        return np.arange(len(Z), dtype=np.int32) % 2


@component
class Tossed(Halves):
    """Numbers the clusters at random."""

    name = "bad"

    def cluster(self, Z: Floats) -> Labels:
        return np.random.default_rng().permutation(len(Z)).astype(np.int32)


@component
class Eager(Halves):
    """Fails without rows."""

    name = "bad"

    def cluster(self, Z: Floats) -> Labels:
        return Halves.cluster(self, Z - Z[0])


@component
class Scarce(Halves):
    """Fails where there are fewer rows than an option says."""

    name = "bad"
    min_samples: int = option(default=5, ge=1, help="Rows of a group. Raising it makes more noise.")

    def cluster(self, Z: Floats) -> Labels:
        if len(Z) > 3:
            np.partition(Z, self.min_samples - 1, axis=0)
        return Halves.cluster(self, Z)


@component
class Lonely(Halves):
    """Refuses a single row."""

    name = "bad"

    def cluster(self, Z: Floats) -> Labels:
        if len(Z) == 1:
            raise CoveyError("There must be two.")
        return Halves.cluster(self, Z)


@component
class Dividing(Halves):
    """Fails where all rows are equal."""

    name = "bad"

    def cluster(self, Z: Floats) -> Labels:
        if len(Z) > 9 and not np.ptp(Z, axis=0).any():
            raise ZeroDivisionError("no extent")
        return Halves.cluster(self, Z)


@component
class Trusting(Halves):
    """Accepts NaN."""

    name = "bad"

    def cluster(self, Z: Floats) -> Labels:
        return Halves.cluster(self, np.nan_to_num(Z))


@component
class Elsewhere(Halves):
    """Takes a kind of table that does not exist."""

    name = "bad"
    takes = "pixels"  # type: ignore[assignment]


class Lower(Prepared):
    def labels(self, clusterer: Any) -> Labels:
        return np.full(120, -1, dtype=np.int32)


@component
class Rash(Halves):
    """Prepares other labels than those of cluster."""

    name = "bad"

    def prepare(self, Z: Floats, progress: Progress = SILENT) -> Prepared:
        return Lower()


@component
class Talking(Halves):
    """Prints to standard output."""

    name = "bad"

    def cluster(self, Z: Floats) -> Labels:
        print("clustering")
        return Halves.cluster(self, Z)


@component
class Lasting(Halves):
    """Writes a file into the current folder."""

    name = "bad"

    def cluster(self, Z: Floats) -> Labels:
        Path("labels.txt").write_text("0", "utf-8")
        return Halves.cluster(self, Z)


@component
class Erasing(Halves):
    """Changes its input."""

    name = "bad"

    def cluster(self, Z: Floats) -> Labels:
        labels = Halves.cluster(self, Z)
        Z[:] = 0
        return labels


@component
class Seven(Halves):
    """Resolves to a number."""

    name = "bad"

    def resolve(self, Z: Floats) -> Any:
        return 7


@component
class Correcting(Halves):
    """Resolves an option that was set."""

    name = "bad"
    size: int = option(default=1, help="A size.")

    def resolve(self, Z: Floats) -> Correcting:
        return evolve(self, size=2)


@component
class Drifting(Halves):
    """Resolves an option to another value each time."""

    name = "bad"
    size: int | None = option(default=None, help="A size.")

    def resolve(self, Z: Floats) -> Drifting:
        return evolve(self, size=next(_NUMBERS))


@component
class Misled(Halves):
    """Resolves an option to one that gives other labels."""

    name = "bad"
    flip: bool | None = option(default=None, help="Whether the clusters change places.")

    def cluster(self, Z: Floats) -> Labels:
        labels = Halves.cluster(self, Z)
        return 1 - labels if self.flip else labels

    def resolve(self, Z: Floats) -> Misled:
        return evolve(self, flip=True)


class CutPreparation(Prepared):
    """Cuts the first column anew for each threshold."""

    def __init__(self, Z: Floats, upward: bool) -> None:
        self.Z = Z
        self.upward = upward

    def labels(self, clusterer: Any) -> Labels | None:
        return clusterer.cluster(self.Z) if clusterer.upward == self.upward else None

    def values(self, option: str) -> Sequence[float]:
        return np.unique(self.Z[:, 5]).tolist() if option == "threshold" else ()

    def suggest(self, option: str) -> float | None:
        return float(self.Z[:, 5].mean()) if option == "threshold" else None


@component
class Cut(Clusterer):
    """A good clusterer that prepares; the broken ones below inherit from it."""

    name = "cut"
    prepares: ClassVar[type[CutPreparation]] = CutPreparation
    threshold: float = option(default=0.0, ge=-100, le=100, live=True, help="Where to cut.")
    upward: bool = option(default=True, help="Whether the lower group comes first.")

    def cluster(self, Z: Floats) -> Labels:
        if not np.isfinite(Z).all():
            raise CoveyError("not finite")
        is_second = (Z[:, 5] > self.threshold) == self.upward
        return np.unique(is_second, return_inverse=True)[1].astype(np.int32).reshape(-1)

    def prepare(self, Z: Floats, progress: Progress = SILENT) -> Prepared:
        return type(self).prepares(Z, self.upward)


class DeafPreparation(CutPreparation):
    def labels(self, clusterer: Any) -> Labels | None:
        return Cut().cluster(self.Z)


@component
class Deaf(Cut):
    """Ignores all options after it has prepared."""

    name = "bad"
    prepares = DeafPreparation


class MergingPreparation(CutPreparation):
    def labels(self, clusterer: Any) -> Labels | None:
        labels: Labels = clusterer.cluster(self.Z)
        return labels if len(np.unique(self.Z, axis=0)) in (0, len(self.Z)) else np.full_like(labels, -1)


@component
class Merging(Cut):
    """Leaves equal rows to noise after it has prepared."""

    name = "bad"
    prepares = MergingPreparation


class StiffPreparation(CutPreparation):
    def labels(self, clusterer: Any) -> Labels | None:
        return Cut(threshold=clusterer.threshold, upward=self.upward).cluster(self.Z)


@component
class Stiff(Cut):
    """Ignores an option that is not live after it has prepared."""

    name = "bad"
    prepares = StiffPreparation


class DescendingPreparation(CutPreparation):
    def values(self, option: str) -> Sequence[float]:
        return super().values(option)[::-1]


@component
class Descending(Cut):
    """Lists values from the greatest to the least."""

    name = "bad"
    prepares = DescendingPreparation


class BoundlessPreparation(CutPreparation):
    def suggest(self, option: str) -> float | None:
        return 1e9


@component
class Boundless(Cut):
    """Suggests a value that its option does not allow."""

    name = "bad"
    prepares = BoundlessPreparation


@component
class Unprepared(Halves):
    """Prepares a number."""

    name = "bad"

    def prepare(self, Z: Floats, progress: Progress = SILENT) -> Any:
        return 7


BROKEN_CLUSTERERS: list[Broken] = [
    (Rash, "prepared_labels", "with the options that it was prepared with .* 120 rows differ, by at most 2"),
    (FromOne, "numbering", "without gaps"),
    (Listing, "numbering", "must give an array .* not list"),
    (Long, "numbering", "int32, not .* int64"),
    (Alternating, "order", "in another order they must group alike"),
    (Tossed, "equal_labels", "equal options must give equal labels"),
    (Eager, "few_rows", "must cluster 0 rows, 0 of them different, but raises IndexError"),
    (Lonely, "few_rows", "must cluster 1 row, but raises CoveyError"),
    (Scarce, "few_rows", "must cluster 4 rows, 4 of them different, but raises ValueError"),
    (Dividing, "equal_rows", "must cluster 120 rows, 1 of them different, but raises ZeroDivisionError"),
    (Merging, "equal_rows", "a preparation of 120 rows must give the labels of cluster: [0-9]+ rows differ"),
    (Trusting, "nan", "must raise CoveyError"),
    (Elsewhere, "takes", "takes must be"),
    (Talking, "output", "nothing may be printed to standard output, not 'clustering'"),
    (Lasting, "files", r"not \['labels.txt'\]"),
    (Erasing, "input", "input array must not be changed"),
    (Seven, "resolve", "resolve must return a Seven, not 7"),
    (Correcting, "resolve", r"may fill in only options left at None, not change \['size'\]"),
    (Drifting, "resolve", "resolve must give the same options each time"),
    (Misled, "resolve", "must lead to the same labels: [0-9]+ rows differ, by at most 1"),
    (Unprepared, "prepared_labels", "prepare must return a Prepared or None, not 7"),
    (Deaf, "live_options", "with threshold = .* must give the labels of cluster: [0-9]+ rows differ, by at most 1"),
    (Stiff, "other_options", "with upward = false a preparation must give the labels of cluster"),
    (Descending, "prepared_values", r"values\('threshold'\) must ascend"),
    (Boundless, "prepared_values", "option 'threshold' does not allow 1000000000.0, which it suggests"),
]


class ForgetfulDataset(FolderDataset):
    def find(self, key: str) -> AnyEntry:
        raise CoveyError("there is none")


@component
class Forgetful(Folder):
    """Finds no table by its key."""

    name = "bad"
    opens = ForgetfulDataset


class UntidyDataset(FolderDataset):
    def entries(self) -> list[AnyEntry]:
        return super().entries()[::-1]


@component
class Untidy(Folder):
    """Lists the tables in reverse order."""

    name = "bad"
    opens = UntidyDataset


class RepeatingDataset(FolderDataset):
    def entries(self) -> list[AnyEntry]:
        return super().entries() * 2


@component
class Repeating(Folder):
    """Lists every table twice."""

    name = "bad"
    opens = RepeatingDataset


class WrongDataset(FolderDataset):
    def load(self, entry: Entry[T]) -> T:
        table = super().load(entry)
        return attrs.evolve(table, names=table.names[::-1])


@component
class Wrong(Folder):
    """Reverses the names."""

    name = "bad"
    opens = WrongDataset


class HomelessDataset(FolderDataset):
    def point_to(self, images: Path) -> None:
        pass


@component
class Homeless(Folder):
    """Does not store where the images are."""

    name = "bad"
    opens = HomelessDataset


@component
class Inventive(Folder):
    """Opens a folder that does not exist."""

    name = "bad"

    def open(self, place: str) -> Dataset:
        return FolderDataset(Path(place))


@component
class Crashing(Folder):
    """Raises an exception of the operating system."""

    name = "bad"

    def open(self, place: str) -> Dataset:
        list(Path(place).iterdir())
        return FolderDataset(Path(place))


class LitteringDataset(FolderDataset):
    def save(self, tables: Sequence[Table], compress: bool = False) -> None:
        super().save(tables, compress)
        self.home.with_name("litter.txt").write_text("left here", "utf-8")


@component
class Littering(Folder):
    """Writes a file beside its place."""

    name = "bad"
    opens = LitteringDataset


@component
class Announcing(Folder):
    """Prints to standard output."""

    name = "bad"

    def create(self, place: str, images: Path) -> Dataset:
        print("created")
        return Folder.create(self, place, images)


@component
class Fetching(Folder):
    """Fetches what is not there."""

    name = "bad"

    def fetch(self, place: str, progress: Progress = SILENT) -> None:
        Path(place).rename(place)


@component
class Wordless(Folder):
    """Says nothing about what it published."""

    name = "bad"

    def publish(self, dataset: Dataset, place: str, options: PublishOptions, progress: Progress = SILENT) -> Any:
        Folder.publish(self, dataset, place, options)
        return ""


@component
class Losing(Folder):
    """Publishes tables only."""

    name = "bad"

    def publish(self, dataset: Dataset, place: str, options: PublishOptions, progress: Progress = SILENT) -> str:
        sentence = Folder.publish(self, dataset, place, options)
        (Path(place) / "clusters.csv").unlink()
        return sentence


@component
class Imageless(Folder):
    """Publishes without the images."""

    name = "bad"

    def publish(self, dataset: Dataset, place: str, options: PublishOptions, progress: Progress = SILENT) -> str:
        sentence = Folder.publish(self, dataset, place, options)
        shutil.rmtree(Path(place) / "images")
        return sentence


@component
class Once(Folder):
    """Publishes nothing new where something is."""

    name = "bad"

    def publish(self, dataset: Dataset, place: str, options: PublishOptions, progress: Progress = SILENT) -> str:
        return "There already." if Path(place).exists() else Folder.publish(self, dataset, place, options)


@component
class Moving(Folder):
    """Adds a file to the dataset that it publishes."""

    name = "bad"

    def publish(self, dataset: Dataset, place: str, options: PublishOptions, progress: Progress = SILENT) -> str:
        (dataset.home / "published.txt").write_text(str(next(_NUMBERS)), "utf-8")
        return Folder.publish(self, dataset, place, options)


@component
class Full(Folder):
    """Refuses to publish anything, which is not the same as defining no way to."""

    name = "bad"

    def publish(self, dataset: Dataset, place: str, options: PublishOptions, progress: Progress = SILENT) -> str:
        raise CoveyError("The service is full.")


@component
class Narrow(Folder):
    """Refuses to make datasets."""

    name = "bad"

    def create(self, place: str, images: Path) -> Dataset:
        raise CoveyError("The service is full.")


BROKEN_STORAGES: list[Broken] = [
    (Full, "publish", "publish must take a place at which nothing is, but raised: The service is full"),
    (Full, "publish_again", "publish must take a place at which nothing is"),
    (Narrow, "tables", "create must take a place at which nothing is, but raised: The service is full"),
    (Littering, "files", r"only files in its own place may be written, not \['litter.txt'\]"),
    (Forgetful, "tables", "must be found by its key"),
    (Untidy, "tables", "must be sorted"),
    (Repeating, "tables", "must give as many entries, not 8"),
    (Wrong, "reopening", "is not what was saved"),
    (Homeless, "images", "must store where its images are"),
    (Inventive, "missing_place", "must raise CoveyError"),
    (Crashing, "missing_place", "not FileNotFoundError"),
    (Announcing, "output", "nothing may be printed to standard output, not 'created'"),
    (Fetching, "missing_place", "must raise CoveyError, not FileNotFoundError"),
    (Wordless, "publish", "must say in a sentence what it published, not ''"),
    (Losing, "publish", r"the published dataset lacks \['clusters.csv'\]"),
    (Imageless, "publish", "must have the images"),
    (Once, "publish_again", r"the published dataset lacks \['metadata.csv'\]"),
    (Moving, "publish_again", "publish must not change the dataset that it publishes"),
]


GOOD: list[type[Component]] = [
    GoodMean, GoodLoud, GoodNaming, GoodPupil, GoodTallying, GoodColumns, Placeless, GoodHalves, Cut, GoodFolder,
]  # fmt: skip
BROKEN = [
    *BROKEN_COMPONENTS, *BROKEN_EXTRACTORS, *BROKEN_REDUCERS, *BROKEN_CLUSTERERS, *BROKEN_STORAGES,
]  # fmt: skip
