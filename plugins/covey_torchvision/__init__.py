"""Features from the classification networks of torchvision (TorchVision maintainers 2016)."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import isqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

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
    from torch import Tensor, nn

    from covey.extraction.networks import Network

_BASELINE = "mobilenet_randinit"
_ORIGINAL = {"vit_b_16": "IMAGENET1K_SWAG_E2E_V1"}
"""Weights of the original tools, where they are not torchvision's own default."""
_SILENCE_S = 15
"""Seconds without a byte after which a server counts as unreachable."""


class _Interpolation(Protocol):
    """torchvision's InterpolationMode."""

    value: str


class _Transforms(Protocol):
    """The preprocessing that belongs to released weights."""

    crop_size: list[int]
    resize_size: list[int]
    mean: list[float]
    std: list[float]
    interpolation: _Interpolation


class _Weights(Protocol):
    """One set of released weights, a member of torchvision's WeightsEnum."""

    name: str
    url: str
    meta: Mapping[str, Any]

    def transforms(self) -> _Transforms:
        """Return their preprocessing."""


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

    def describe_choice(self, option: str, choice: str) -> str:
        """Return how large the weights of a model are, and whether they must be downloaded."""
        return _describe_weights(choice) if option == "model" else ""

    def network(self) -> Network:
        """Return the network with its weights.

        Raises:
            CoveyError: no such model or weights, a download failed, or the file does not fit.
        """
        from torchvision import models

        from covey.extraction.networks import Preprocessing, put_weights, read_weights, seeded
        from covey_torchvision.graph import Graph

        name, weights_path = _torchvision_name(self.model), self.weights_file()
        weights = read_weights(weights_path) if weights_path else {}
        released_weights = None if weights_path else self._released_weights(name)
        with seeded(self.seed), _report_failed_download(self.model):
            module: nn.Module = models.get_model(name, weights=released_weights, **_image_size_option(weights))
        if weights_path:
            put_weights(module, weights, weights_path, self.model)
        transforms = (released_weights or _weights_for_size(name, module)).transforms()
        crop_size = transforms.crop_size[0]
        image_size: int = getattr(module, "image_size", crop_size)
        preprocessing = Preprocessing(
            size=(image_size, image_size),
            mean=transforms.mean,
            std=transforms.std,
            resize=transforms.resize_size[0] * image_size // crop_size,
            interpolation=transforms.interpolation.value,
        )
        return Graph(module, self.model, preprocessing)

    def _released_weights(self, name: str) -> _Weights | None:
        """Return the released weights that the options name, None for random ones."""
        if self.weights == RANDOM or (self.weights == PRETRAINED and self.model.lower() == _BASELINE):
            return None
        weights_by_name = _list_weights(name)
        weights_name = _ORIGINAL.get(name, "DEFAULT") if self.weights == PRETRAINED else self.weights
        if weights_name not in weights_by_name:
            weights_names = list(dict.fromkeys(weights.name for weights in weights_by_name.values()))
            raise unknown_weights(self.weights, self.model, weights_names)
        return weights_by_name[weights_name]


@hookimpl
def covey_feature_extractors() -> Iterator[type[Torchvision]]:
    """Offer the extractor."""
    yield Torchvision


def _models() -> Sequence[str]:
    from torchvision import models

    model_names: list[str] = models.list_models(module=models)
    return model_names


def _describe_weights(model: str) -> str:
    from torch import hub

    if model == _BASELINE:
        return "random weights, as a baseline"
    weights = _list_weights(model)["DEFAULT"]
    is_here = (Path(hub.get_dir()) / "checkpoints" / weights.url.rpartition("/")[2]).exists()
    return f"{weights.meta['_file_size']:.0f} MB, {'on this machine' if is_here else 'needs a download'}"


def _list_weights(name: str) -> Mapping[str, _Weights]:
    """Return the released weights of a model by name; "DEFAULT" is another name for one of them."""
    from torchvision import models

    weights_by_name: Mapping[str, _Weights] = models.get_model_weights(name).__members__
    return weights_by_name


def _torchvision_name(model: str) -> str:
    if model.lower() == _BASELINE:
        return "mobilenet_v3_large"
    if model.lower() in _models():
        return model.lower()
    suggestion = did_you_mean(model, _models())
    raise CoveyError(
        f"torchvision has no classification model {model!r}.{suggestion} torchvision.models.list_models() lists all."
    )


def _image_size_option(weights: Mapping[str, Tensor]) -> dict[str, int]:
    """Return the image size of a vision transformer's weights, as its constructor takes it; {} for other weights."""
    position_embeddings, patch_kernels = weights.get("encoder.pos_embedding"), weights.get("conv_proj.weight")
    if position_embeddings is None or patch_kernels is None:
        return {}
    return {"image_size": isqrt(position_embeddings.shape[1] - 1) * patch_kernels.shape[-1]}


def _weights_for_size(name: str, module: nn.Module) -> _Weights:
    """Return released weights with the image size of a network whose weights come from elsewhere, or the default."""
    weights_by_name = _list_weights(name)
    image_size: int | None = getattr(module, "image_size", None)
    candidates = weights_by_name.values()
    return next(
        (weights for weights in candidates if weights.transforms().crop_size == [image_size]),
        weights_by_name["DEFAULT"],
    )


@contextmanager
def _report_failed_download(model: str) -> Iterator[None]:
    """Give up on a silent server, and raise CoveyError if a download fails."""
    previous_timeout_s = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_SILENCE_S)
    try:
        yield
    except OSError as error:
        raise weights_not_fetched(model, error) from error
    finally:
        socket.setdefaulttimeout(previous_timeout_s)
