"""Features from the image towers of CLIP and similar models (Radford et al. 2021; Ilharco et al. 2021: OpenCLIP)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypedDict

from covey import CoveyError, Floats, Runtime, component, hookimpl, option
from covey.authoring import (
    PRETRAINED,
    RANDOM,
    VisionExtractor,
    check_hub_reachable,
    did_you_mean,
    layers_option,
    list_fetched_repositories,
    preview,
    reason,
    unknown_weights,
    weights_not_fetched,
)

if TYPE_CHECKING:
    from torch import nn

    from covey.extraction.networks import Network

EMBEDDING = "visual"
"""The layer with which texts are compared."""


class _Config(TypedDict):
    """How the weights of an image tower expect their input (OpenCLIP's preprocess_cfg)."""

    size: int | Sequence[int]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    interpolation: str


class _ReleasedWeights(TypedDict, total=False):
    """Where OpenCLIP's released weights lie (its pretrained_cfg)."""

    hf_hub: str
    quick_gelu: bool


class _Tower(Protocol):
    """An image tower of OpenCLIP."""

    preprocess_cfg: _Config
    output_tokens: bool


@component
class Clip(VisionExtractor):
    """Image towers trained to match pictures with texts, tapped at the embedding or at any module before it."""

    name = "clip"
    references = (
        "Radford, A., Kim, J. W., Hallacy, C. et al. (2021). Learning transferable visual models from natural "
        "language supervision. Proceedings of ICML 2021, 8748-8763.",
        "Ilharco, G., Wortsman, M., Wightman, R. et al. (2021). OpenCLIP. doi:10.5281/zenodo.5143773.",
    )
    requires = {"open_clip": "covey[clip]", "torch": "covey[clip]"}

    model: str = option(
        default="ViT-B-32",
        choices=lambda extractor: _models(),
        help="The network, as OpenCLIP names it. Larger networks, and smaller patches, are slower and mostly give"
        " better features.",
    )
    layers: tuple[str, ...] = layers_option(EMBEDDING)

    def describe_choice(self, option: str, choice: str) -> str:
        """Return how large a usual model is, and whether weights are here, must be downloaded, or do not exist."""
        if option != "model":
            return ""
        size_words = f"about {_USUAL_MB[choice]:,} MB, " if choice in _USUAL_MB else ""
        return size_words + _RANKS[_rank_model(choice, list_fetched_repositories())]

    def network(self) -> Network:
        """Return the image tower with its weights.

        Raises:
            CoveyError: no such model or weights, the hub cannot be reached, or the file does not fit.
        """
        from covey.extraction.networks import Network, Preprocessing

        module = self._load_model()
        tower = _image_tower(module)
        config = tower.preprocess_cfg
        size = config["size"]
        height, width = (size, size) if isinstance(size, int) else size
        preprocessing = Preprocessing(
            size=(height, width),
            mean=config["mean"],
            std=config["std"],
            resize=min(height, width),
            interpolation="bilinear" if config["interpolation"] == "bilinear" else "bicubic",
        )
        return Network(_wrap_tower(module), self.model, preprocessing)

    def describe_text(self, texts: Sequence[str], runtime: Runtime) -> Floats:
        """Return where the text tower puts texts, among the outputs of the layer `visual`."""
        import open_clip
        import torch

        if self.layers != (EMBEDDING,):
            raise CoveyError(f"Words are compared with the layer {EMBEDDING} of clip, not with {preview(self.layers)}.")
        model = self._load_model()
        encode: Callable[[torch.Tensor], torch.Tensor] = getattr(model.eval(), "encode_text")  # noqa: B009
        with torch.inference_mode(), _silence_logging():
            tokens = open_clip.get_tokenizer(self.model)(list(texts))
            return encode(tokens).float().cpu().numpy()

    def _load_model(self) -> nn.Module:
        """Return the whole model with its weights. Raises CoveyError."""
        from covey.extraction.networks import seeded

        _check_model(self.model)
        weights_path, released_tag = self.weights_file(), self._released_tag()
        with _silence_logging(), seeded(self.seed):
            module = _create(self.model, released_tag)
            if weights_path is not None:
                _load(module, weights_path, self.model)
        return module

    def _released_tag(self) -> str | None:
        """Return the tag of the released weights that the options name, None for random ones or a file."""
        import open_clip

        if self.weights == RANDOM or self.weights_file() is not None:
            return None
        tags: list[str] = open_clip.list_pretrained_tags_by_model(self.model)
        tag = tags[0] if tags and self.weights == PRETRAINED else self.weights
        if tag not in tags:
            raise unknown_weights(self.weights, self.model, tags)
        return tag


@hookimpl
def covey_feature_extractors() -> Iterator[type[Clip]]:
    """Offer the extractor."""
    yield Clip


def _models() -> list[str]:
    """Return the models that are ready to work first, then the usual ones, and those without weights last."""
    import open_clip

    fetched = list_fetched_repositories()
    return sorted(
        open_clip.list_models(), key=lambda model: (_rank_model(model, fetched), model not in _USUAL_MB, model)
    )


_USUAL_MB = {"RN50": 408, "RN101": 479, "ViT-B-16": 598, "ViT-B-32": 605, "ViT-L-14": 1710, "convnext_base_w": 718}
"""Models that many people use, with the size of their weights in MB, both towers: OpenCLIP has no table of sizes."""
_RANKS = ("on this machine", "needs a download", "without weights")


def _rank_model(model: str, fetched: Collection[str]) -> int:
    """Return how ready a model is: a place in _RANKS."""
    import open_clip

    tags: list[str] = open_clip.list_pretrained_tags_by_model(model)
    if not tags:
        return 2
    released: _ReleasedWeights = open_clip.get_pretrained_cfg(model, tags[0])
    return 0 if released.get("hf_hub", "").rpartition("/")[0] in fetched else 1


def _check_model(model: str) -> None:
    if model not in _models():
        raise CoveyError(
            f"OpenCLIP has no model {model!r}.{did_you_mean(model, _models())} open_clip.list_models() lists all."
        )


def _create(model: str, tag: str | None) -> nn.Module:
    """Return a model with the released weights of this tag, with random ones for None."""
    import open_clip

    if tag is None:
        return _create_untrained(model)
    pretrained_config: _ReleasedWeights = open_clip.get_pretrained_cfg(model, tag)
    try:
        if repository := pretrained_config.get("hf_hub"):
            check_hub_reachable(
                repository.rpartition("/")[0], ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
            )
        module: nn.Module = open_clip.create_model(
            model, tag, force_quick_gelu=bool(pretrained_config.get("quick_gelu"))
        )
    except Exception as error:  # hub, network and disk each raise their own
        raise weights_not_fetched(f"{model} ({tag})", error) from error
    return module


def _create_untrained(model: str) -> nn.Module:
    import open_clip

    try:
        module: nn.Module = open_clip.create_model(model, pretrained_hf=False)
    except Exception as error:  # text halves come from other libraries, and from the hub
        problem = f"{model} cannot be built ({reason(error)[:200]})"
        raise CoveyError(
            f"{problem}: install the library that its text half needs, or choose another model."
        ) from error
    return module


def _load(module: nn.Module, weights_path: Path, model: str) -> None:
    """Load the weights in a file into a model, as OpenCLIP does. Raises CoveyError if they do not fit."""
    from open_clip import load_checkpoint

    from covey.extraction.networks import put_weights, read_weights

    try:
        load_checkpoint(module, str(weights_path), weights_only=True)
    except Exception as error:
        put_weights(module, read_weights(weights_path), weights_path, model)  # raises with the reason
        raise CoveyError(f"The weights {str(weights_path)!r} do not fit {model}: {reason(error)[:200]}.") from error


def _image_tower(module: nn.Module) -> _Tower:
    tower: _Tower = getattr(module, "visual")  # noqa: B009
    return tower


def _wrap_tower(module: nn.Module) -> nn.Module:
    """Return the image tower alone, its modules named as in the whole model: its own output is `visual`."""
    from torch import nn

    tower = _image_tower(module)
    if hasattr(tower, "output_tokens"):  # CoCa's tower would return a pair
        tower.output_tokens = False
    wrapper = nn.Sequential()
    wrapper.add_module("visual", module.get_submodule("visual"))
    return wrapper


@contextmanager
def _silence_logging() -> Iterator[None]:
    """Silence the root logger, to which OpenCLIP writes."""
    previous_level = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(previous_level)
