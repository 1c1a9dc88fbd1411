"""The options and the loading that all extractors with an image network share.

Imports no torch: the work is done by `covey.extraction.networks`.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from covey._base.digests import hash_file
from covey._base.errors import CoveyError, did_you_mean, reason
from covey.components.contracts import Extract, FeatureExtractor, Runtime
from covey.components.options import component, evolve, option

if TYPE_CHECKING:
    from covey.extraction.networks import Network

PRETRAINED, RANDOM = "pretrained", "random"
_SUFFIXES = frozenset({".pth", ".pt", ".safetensors", ".bin", ".ckpt"})
_PATIENCE = 10
"""Seconds without an answer after which a server counts as out of reach."""


def layers_option(default: str) -> Any:
    """Declare the option `layers` with a default layer."""
    return option(
        default=(default,),
        plural=True,
        choices=lambda extractor: extractor.available_layers(),
        help="Layers of the network to tap; each is a result of its own, and a wildcard (layer3.*.conv3) stands for"
        " all that fit. Later layers see larger and more abstract patterns.",
    )


def bands_option(default: int | None) -> Any:
    """Declare the option `bands` with a default."""
    return option(
        default=default,
        ge=1,
        none="automatic",
        title="Frequency bands",
        help="Frequency bands that are averaged apart; none means 4, or 1 for a layer without frequencies. More bands"
        " keep where in the spectrum a sound lies, and multiply the features.",
    )


@component
class VisionExtractor(FeatureExtractor):
    """Reads features from layers of a network. A subclass declares `model` and `layers`, and builds the network."""

    uses = frozenset({"device", "precision", "threads", "backend", "compile"})

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
    bands: int | None = bands_option(1)
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
        if (self.bands or 1) > 1 and self.freq_pool is not None:
            raise CoveyError(f"{self.name}: bands and freq_pool both pool frequency: give one of them.")

    @abstractmethod
    def network(self) -> Network:
        """Return the network with its weights.

        Raises:
            CoveyError: there is no such model, or its weights cannot be read or fetched.
        """

    @property
    def tag(self) -> str:
        """The model and the layers."""
        return re.sub(r"[/\\:\s]", "-", "_".join([self.model, "+".join(self.layers)]))

    def weights_file(self) -> Path | None:
        """Return the file of the weights; None if `weights` is a name and not a path.

        A path has the suffix of a weights file, or a slash.
        """
        path = Path(self.weights).expanduser()
        return path if path.suffix.lower() in _SUFFIXES or len(path.parts) > 1 else None

    def identity(self) -> Mapping[str, Any]:
        """Return the SHA-256 of the weights file in place of its path."""
        path = self.weights_file()
        return {} if path is None else {"weights": _hash_weights(path)}

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
    """Return the error for pretrained weights that could not be fetched."""
    return CoveyError(
        f"The pretrained weights of {model} could not be fetched ({reason(error)[:200]}): connect to the internet, give"
        " a file in the option weights, or use the extractor timm with its default model, whose weights are installed"
        " with it."
    )


def unknown_weights(weights: str, model: str, released: Iterable[str]) -> CoveyError:
    """Return the error for a name under which no weights are released for a model."""
    names = list(released)
    listed = f"Its weights: {', '.join(names)}." if names else "None are released by name."
    return CoveyError(
        f"There are no weights {weights!r} for {model}.{did_you_mean(weights, names)} {listed} {RANDOM} or the path of"
        " a file works too."
    )


def list_fetched_repositories() -> set[str]:
    """Return the repositories of the hub of which something was fetched before, such as "timm/resnet50.a1_in1k"."""
    from huggingface_hub.constants import HF_HUB_CACHE

    folder = Path(HF_HUB_CACHE)
    names = [path.name.removeprefix("models--") for path in folder.iterdir()] if folder.is_dir() else []
    return {name.replace("--", "/", 1) for name in names}


def check_hub_reachable(repository: str, cached: Iterable[str]) -> None:
    """Check that a repository of the Hugging Face hub can be reached; the hub's own client tries for a minute.

    Sends no request if one of the files `cached` was fetched before.

    Raises:
        Exception: whatever the hub's client raises.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_url, try_to_load_from_cache

    if not any(isinstance(try_to_load_from_cache(repository, name), str) for name in cached):
        get_hf_file_metadata(hf_hub_url(repository, "config.json"), timeout=_PATIENCE)


def _hash_weights(path: Path) -> str:
    try:
        status = path.stat()
        return _hash_stamped(path, status.st_size, status.st_mtime_ns)
    except OSError as error:
        raise CoveyError(
            f"The weights {str(path)!r} cannot be read ({reason(error)}): give {PRETRAINED}, {RANDOM} or the path of"
            " a file."
        ) from error


@cache
def _hash_stamped(path: Path, size: int, time: int) -> str:
    """Return the SHA-256 of a file, computed again only if its size or time has changed."""
    return hash_file(path)
