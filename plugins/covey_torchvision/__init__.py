"""Features from the classification networks of torchvision (TorchVision maintainers 2016)."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import isqrt
from typing import TYPE_CHECKING, Any

from covey import CoveyError, component, hookimpl, option
from covey.authoring import (
    PRETRAINED,
    RANDOM,
    VisionExtractor,
    did_you_mean,
    layers_option,
    unknown_weights,
    weights_not_fetched,
)

if TYPE_CHECKING:
    from torch import Tensor

    from covey.extraction.networks import Network

_BASELINE = "mobilenet_randinit"
_ORIGINAL = {"vit_b_16": "IMAGENET1K_SWAG_E2E_V1"}
"""Weights that the original tools used where they are not torchvision's own default."""


@component
class Torchvision(VisionExtractor):
    """Any classification network of torchvision, tapped at any node of its graph."""

    name = "torchvision"
    references = (
        "TorchVision maintainers and contributors (2016). TorchVision: PyTorch's computer vision library. "
        "https://github.com/pytorch/vision.",
    )
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
        from torchvision.models import get_model

        from covey.extraction.networks import Preprocessing, put_weights, read_weights, seeded
        from covey_torchvision.graph import Graph

        name, file = _known_model(self.model), self.weights_file()
        weights = read_weights(file) if file else {}
        released = None if file else self._released(name)
        with seeded(self.seed), _fetching(self.model):
            module = get_model(name, weights=released, **_sized(weights))
        if file:
            put_weights(module, weights, file, self.model)
        recipe = (released or _match_weights(name, module)).transforms()
        crop = recipe.crop_size[0]
        side = getattr(module, "image_size", crop)
        preprocessing = Preprocessing(
            size=(side, side),
            mean=recipe.mean,
            std=recipe.std,
            resize=recipe.resize_size[0] * side // crop,
            interpolation=recipe.interpolation.value,
        )
        return Graph(module, self.model, preprocessing)

    def _released(self, name: str) -> Any:
        """Return the weights of torchvision that are asked for, None for random ones."""
        from torchvision.models import get_model_weights

        if self.weights == RANDOM or (self.weights == PRETRAINED and self.model.lower() == _BASELINE):
            return None
        released = get_model_weights(name)
        name_of_weights = _ORIGINAL.get(name, "DEFAULT") if self.weights == PRETRAINED else self.weights
        if name_of_weights not in released.__members__:
            raise unknown_weights(self.weights, self.model, [one.name for one in released])
        return released[name_of_weights]


@hookimpl
def covey_feature_extractors() -> Iterator[type[Torchvision]]:
    """Offer the extractor."""
    yield Torchvision


def _models() -> Sequence[str]:
    from torchvision import models

    return list(models.list_models(module=models))


def _known_model(model: str) -> str:
    if model.lower() == _BASELINE:
        return "mobilenet_v3_large"
    if model.lower() in _models():
        return model.lower()
    near = did_you_mean(model, _models())
    raise CoveyError(
        f"torchvision has no classification model {model!r}.{near} torchvision.models.list_models() lists all."
    )


def _sized(weights: Mapping[str, Tensor]) -> dict[str, int]:
    """Return the image size that a vision transformer's weights were made for, as its constructor takes it."""
    positions, patches = weights.get("encoder.pos_embedding"), weights.get("conv_proj.weight")
    if positions is None or patches is None:
        return {}
    return {"image_size": isqrt(positions.shape[1] - 1) * patches.shape[-1]}


def _match_weights(name: str, module: Any) -> Any:
    """Return the weights of torchvision for the image size of a network that has others, or else the default ones."""
    from torchvision.models import get_model_weights

    released = get_model_weights(name)
    side = getattr(module, "image_size", None)
    return next((one for one in released if one.transforms().crop_size == [side]), released.DEFAULT)


@contextmanager
def _fetching(model: str) -> Iterator[None]:
    """Give up on a server that is silent for 15 seconds, and tell what failed in one sentence."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(15)
    try:
        yield
    except OSError as error:
        raise weights_not_fetched(model, error) from error
    finally:
        socket.setdefaulttimeout(before)
