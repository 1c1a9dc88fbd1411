"""What extractors with a network that looks at images share: their options and how they use the network.

Imports no torch: the work is done by `covey.extraction.networks`.
"""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from covey._base.errors import CoveyError, did_you_mean, reason
from covey.components.contracts import Extract, FeatureExtractor, Runtime
from covey.components.options import component, evolve, option

if TYPE_CHECKING:
    from covey.extraction.networks import Network

PRETRAINED, RANDOM = "pretrained", "random"
_SUFFIXES = frozenset({".pth", ".pt", ".safetensors", ".bin", ".ckpt"})
_PATIENCE = 10
"""Seconds after which a server that says nothing counts as out of reach."""


def layers_option(default: str) -> Any:
    """Declare the option `layers`, with the layer that is tapped when none is named."""
    return option(
        default=(default,),
        plural=True,
        choices=lambda extractor: extractor.available_layers(),
        help="Layers of the network to tap; each is a result of its own, and a wildcard (layer3.*.conv3) stands for"
        " all that fit. Later layers see larger and more abstract patterns.",
    )


@component
class VisionExtractor(FeatureExtractor):
    """Taps layers of a network. A subclass declares `model` and `layers`, and builds the network."""

    uses = frozenset({"device", "precision", "threads", "compile"})

    if TYPE_CHECKING:
        model: str
        layers: tuple[str, ...]

    weights: str = option(
        default=PRETRAINED,
        help="Where the weights come from: pretrained, random (a baseline), the name of weights that are released for"
        " the model, or the path of a file with a state dict (.pth, .pt, .safetensors).",
    )
    input: str = option(
        default="whole",
        choices=("whole", "stretch", "original"),
        help="How images are fed: whole, at their own size where the network takes any, else as stretch; stretch,"
        " whole but resized to the model's size; original, resized and cropped as the weights' authors do, which"
        " loses both ends of wide images.",
    )
    bands: int = option(
        default=1,
        ge=1,
        help="Frequency bands that are averaged apart. More bands keep where in the spectrum a sound lies, and"
        " multiply the features.",
    )
    freq_pool: int | None = option(
        default=None,
        ge=1,
        expert=True,
        help="Rows of the layer's output that are averaged together, in the place of bands; zeros fill up the last"
        " block, and 1 keeps every row. The number of features then depends on the images' height, which must be the"
        " same for all unless input resizes them. Larger values give fewer features.",
    )
    edges: int = option(
        default=0,
        ge=0,
        expert=True,
        help="Columns of the layer's output that are left out at both ends of time. Larger values look at the middle"
        " of the image.",
    )
    time: str = option(
        default="mean",
        choices=("mean", "max", "mean+std", "thirds"),
        help="How a band is summarised over time: its mean, its maximum, mean and standard deviation (twice as many"
        " features), or the mean of each third (three times as many).",
    )
    seed: int = option(
        default=0, ge=0, expert=True, help="Seed of random weights. Another value gives another random network."
    )

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if self.bands > 1 and self.freq_pool is not None:
            raise CoveyError(f"{self.name}: bands and freq_pool both pool frequency: give one of them.")

    @abstractmethod
    def network(self) -> Network:
        """Return the network with its weights. Raises CoveyError: no such model, or its weights cannot be had."""

    @property
    def tag(self) -> str:
        """The model and the layers."""
        return "_".join([self.model, "+".join(self.layers)])

    def weights_file(self) -> Path | None:
        """Return the file on this machine that the weights come from; None when they go by a name.

        A path is told from a name by its suffix, or by a slash.
        """
        path = Path(self.weights).expanduser()
        return path if path.suffix.lower() in _SUFFIXES or len(path.parts) > 1 else None

    def identity(self) -> Mapping[str, Any]:
        """The content of the weights file stands for its path."""
        path = self.weights_file()
        return {} if path is None else {"weights": _content_of(path)}

    def load(self, runtime: Runtime) -> Extract:
        """Return the function from pixels to features."""
        from covey.extraction.networks import Pooling, build_extract

        pooling = Pooling(bands=self.bands, freq_pool=self.freq_pool, edges=self.edges, time=self.time)
        return build_extract(self.network(), self.layers, input=self.input, pooling=pooling, runtime=runtime)

    def available_layers(self) -> Mapping[str, tuple[int, ...]]:
        """Return the layers that can be tapped, with the shapes of their outputs. No weights are fetched."""
        network = (self if self.weights_file() else evolve(self, weights=RANDOM)).network()
        return {layer: shape[1:] for layer, shape in network.shapes().items()}


def weights_not_fetched(model: str, error: Exception) -> CoveyError:
    """Return what to tell a person when the pretrained weights of a model could not be fetched."""
    return CoveyError(
        f"The pretrained weights of {model} could not be fetched ({reason(error)[:200]}): connect to the internet, give"
        " a file in the option weights, or use --extractor timm with its default model, whose weights are installed"
        " with it."
    )


def unknown_weights(weights: str, model: str, released: Iterable[str]) -> CoveyError:
    """Return what to tell a person who asks for weights by a name that the model has none of."""
    names = list(released)
    listed = f"Its weights: {', '.join(names)}." if names else "None are released by name."
    return CoveyError(
        f"There are no weights {weights!r} for {model}.{did_you_mean(weights, names)} {listed} {RANDOM} or the path of"
        " a file works too."
    )


def check_hub_reachable(repository: str, cached: Iterable[str]) -> None:
    """Raise at once when a repository of the Hugging Face hub is out of reach: its own client tries for a minute.

    Nothing is asked of the hub where one of the files `cached` was fetched before.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_url, try_to_load_from_cache

    if not any(isinstance(try_to_load_from_cache(repository, name), str) for name in cached):
        get_hf_file_metadata(hf_hub_url(repository, "config.json"), timeout=_PATIENCE)


def _content_of(path: Path) -> str:
    try:
        status = path.stat()
        return _sha256(path, status.st_size, status.st_mtime_ns)
    except OSError as error:
        raise CoveyError(
            f"The weights {str(path)!r} cannot be read ({reason(error)}): give {PRETRAINED}, {RANDOM} or the path of"
            " a file."
        ) from error


@cache
def _sha256(path: Path, size: int, time: int) -> str:
    """Hash a file once for as long as its size and time stay the same."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
