"""Features from the image towers of CLIP and its kin (Radford et al. 2021; Ilharco et al. 2021: OpenCLIP)."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from covey import CoveyError, component, hookimpl, option
from covey.authoring import (
    PRETRAINED,
    RANDOM,
    VisionExtractor,
    check_hub_reachable,
    did_you_mean,
    layers_option,
    reason,
    unknown_weights,
    weights_not_fetched,
)

if TYPE_CHECKING:
    from torch import nn

    from covey.extraction.networks import Network


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
    layers: tuple[str, ...] = layers_option("visual")

    def network(self) -> Network:
        """Return the image tower with its weights."""
        from covey.extraction.networks import Network, Preprocessing, seeded

        _check(self.model)
        file, released = self.weights_file(), self._released()
        with _quiet(), seeded(self.seed):
            module = _create(self.model, released)
            if file is not None:
                _load(module, file, self.model)
        recipe = module.visual.preprocess_cfg
        size = recipe["size"] if isinstance(recipe["size"], Sequence) else (recipe["size"],) * 2
        preprocessing = Preprocessing(
            size=tuple(size),
            mean=recipe["mean"],
            std=recipe["std"],
            resize=min(size),
            interpolation="bilinear" if recipe["interpolation"] == "bilinear" else "bicubic",
        )
        return Network(_tower(module), self.model, preprocessing)

    def _released(self) -> str | None:
        """Return the tag of the released weights that are asked for, None for random ones or a file."""
        from open_clip import list_pretrained_tags_by_model

        if self.weights == RANDOM or self.weights_file() is not None:
            return None
        tags: list[str] = list_pretrained_tags_by_model(self.model)
        tag = tags[0] if tags and self.weights == PRETRAINED else self.weights
        if tag not in tags:
            raise unknown_weights(self.weights, self.model, tags)
        return tag


@hookimpl
def covey_feature_extractors() -> Iterator[type[Clip]]:
    """Offer the extractor."""
    yield Clip


def _models() -> list[str]:
    import open_clip

    return list(open_clip.list_models())


def _check(model: str) -> None:
    if model not in _models():
        raise CoveyError(
            f"OpenCLIP has no model {model!r}.{did_you_mean(model, _models())} open_clip.list_models() lists all."
        )


def _create(model: str, tag: str | None) -> Any:
    """Return a model with the weights of this name; random ones for None."""
    import open_clip

    if tag is None:
        return _untrained(model)
    released = open_clip.get_pretrained_cfg(model, tag)
    try:
        if repository := released.get("hf_hub"):
            check_hub_reachable(
                repository.rpartition("/")[0], ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
            )
        return open_clip.create_model(model, tag, force_quick_gelu=bool(released.get("quick_gelu")))
    except Exception as error:  # hub, network and disk each raise their own
        raise weights_not_fetched(f"{model} ({tag})", error) from error


def _untrained(model: str) -> Any:
    import open_clip

    try:
        return open_clip.create_model(model, pretrained_hf=False)
    except Exception as error:  # text halves come from other libraries, and from the hub
        problem = f"{model} cannot be built ({reason(error)[:200]})"
        raise CoveyError(f"{problem}: install what its text half asks for, or choose another model.") from error


def _load(module: Any, file: Path, model: str) -> None:
    """Give a model the weights in a file, as OpenCLIP reads them, or say why it cannot."""
    from open_clip import load_checkpoint

    from covey.extraction.networks import put_weights, read_weights

    try:
        load_checkpoint(module, str(file), weights_only=True)
    except Exception as error:
        put_weights(module, read_weights(file), file, model)  # says what is wrong
        raise CoveyError(f"The weights {str(file)!r} do not fit {model}: {reason(error)[:200]}.") from error


def _tower(module: Any) -> nn.Module:
    """Return the image tower alone, its modules named as in the whole model: its own output is `visual`."""
    from torch import nn

    if hasattr(module.visual, "output_tokens"):  # CoCa's would give a pair
        module.visual.output_tokens = False
    tower = nn.Sequential()
    tower.add_module("visual", module.visual)
    return tower


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep OpenCLIP from telling on the root logger what it does."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(before)
