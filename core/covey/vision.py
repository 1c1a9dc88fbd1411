"""What extractors with a network that looks at images share: their options and how they use the network.

Imports no torch: the work is done by `covey.networks`.
"""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from covey.components import Extract, FeatureExtractor, Runtime
from covey.errors import CoveyError, reason
from covey.options import component, option

if TYPE_CHECKING:
    from covey.networks import Network

PRETRAINED, RANDOM = "pretrained", "random"


def layers_option(default: str) -> Any:
    """Declare the option `layers`, with the layer that is tapped when none is named."""
    return option(
        default=(default,),
        plural=True,
        choices=lambda extractor: extractor.available_layers(),
        help="Layers of the network to tap; each is a result of its own. Later layers see larger and more abstract"
        " patterns.",
    )


@component
class VisionExtractor(FeatureExtractor):
    """Taps layers of a network. A subclass declares `model` and `layers`, and builds the network."""

    if TYPE_CHECKING:
        model: str
        layers: tuple[str, ...]

    weights: str = option(
        default=PRETRAINED,
        help="Where the weights come from: pretrained, random (a baseline), or the path of a file with a state dict"
        " (.pth, .pt, .safetensors).",
    )
    bands: int = option(
        default=1,
        ge=1,
        help="Frequency bands that are averaged apart. More bands keep where in the spectrum a sound lies, and"
        " multiply the features.",
    )
    time: str = option(
        default="mean",
        choices=("mean", "max", "mean+std"),
        help="How a band is summarised over time: its mean, its maximum, or mean and standard deviation, which"
        " doubles the features.",
    )
    seed: int = option(
        default=0, ge=0, expert=True, help="Seed of random weights. Another value gives another random network."
    )

    @abstractmethod
    def network(self) -> Network:
        """Return the network with its weights. Raises CoveyError: no such model, or its weights cannot be had."""

    @property
    def tag(self) -> str:
        """The model and the layers."""
        return "_".join([self.model, "+".join(self.layers)])

    def weights_file(self) -> Path | None:
        """Return the file on this machine that the weights come from; None when there is none."""
        return None if self.weights in (PRETRAINED, RANDOM) else Path(self.weights).expanduser()

    def identity(self) -> Mapping[str, Any]:
        """The content of the weights file stands for its path."""
        path = self.weights_file()
        return {} if path is None else {"weights": _content_of(path)}

    def load(self, runtime: Runtime) -> Extract:
        """Return the function from pixels to features."""
        from covey.networks import extractor

        return extractor(self.network(), self.layers, bands=self.bands, time=self.time, runtime=runtime)

    def available_layers(self) -> Sequence[str]:
        """Return the names of the layers that can be tapped."""
        untrained = attrs.evolve(self, weights=RANDOM)  # type: ignore[misc]
        return list(untrained.network().shapes())


def unfetched(model: str, error: Exception) -> CoveyError:
    """Return what to tell a person when the pretrained weights of a model could not be fetched."""
    return CoveyError(
        f"The pretrained weights of {model} could not be fetched ({reason(error)[:200]}): connect to the internet, give"
        " a file in the option weights, or use --extractor timm with its default model, whose weights are installed"
        " with it."
    )


def _content_of(path: Path) -> str:
    try:
        found = path.stat()
        return _sha256(path, found.st_size, found.st_mtime_ns)
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
