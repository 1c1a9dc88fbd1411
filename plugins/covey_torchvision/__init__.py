"""Features from the classification networks of torchvision (TorchVision maintainers 2016)."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from covey import CoveyError, component, hookimpl, option
from covey.errors import did_you_mean
from covey.vision import PRETRAINED, VisionExtractor, layers_option, unfetched

if TYPE_CHECKING:
    from covey.networks import Network


@component
class Torchvision(VisionExtractor):
    """Any classification network of torchvision, tapped at any node of its graph."""

    name = "torchvision"
    requires = {"torchvision": "covey[torchvision]", "torch": "covey[torchvision]"}

    model: str = option(
        default="ResNet50",
        choices=lambda extractor: _models(),
        help="The network, as torchvision names it, in any case. Larger networks are slower and mostly give better"
        " features.",
    )
    layers: tuple[str, ...] = layers_option("layer3.5.conv3")

    def network(self) -> Network:
        """Return the network with its weights."""
        from torchvision.models import get_model, get_model_weights

        from covey.networks import put_weights, read_weights, seeded
        from covey_torchvision.graph import Graph

        name = _known(self.model)
        with seeded(self.seed), _fetching(self.model):
            module = get_model(name, weights="DEFAULT" if self.weights == PRETRAINED else None)
        if file := self.weights_file():
            put_weights(module, read_weights(file), file, self.model)
        recipe = get_model_weights(name).DEFAULT.transforms()
        side = getattr(module, "image_size", recipe.crop_size[0])
        return Graph(module, self.model, (side, side), recipe.mean, recipe.std)


@hookimpl
def covey_feature_extractors() -> Iterator[type[Torchvision]]:
    """Offer the extractor."""
    yield Torchvision


def _models() -> Sequence[str]:
    from torchvision import models

    return list(models.list_models(module=models))


def _known(model: str) -> str:
    if model.lower() in _models():
        return model.lower()
    near = did_you_mean(model, _models())
    raise CoveyError(
        f"torchvision has no classification model {model!r}.{near} torchvision.models.list_models() lists all."
    )


@contextmanager
def _fetching(model: str) -> Iterator[None]:
    """Give up on a server that is silent for 15 seconds, and tell what failed in one sentence."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(15)
    try:
        yield
    except OSError as error:
        raise unfetched(model, error) from error
    finally:
        socket.setdefaulttimeout(before)
