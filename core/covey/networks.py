"""Torch networks as feature extractors: tapping layers, reading weights, preparing pixels, pooling.

Importing this module imports torch, so plugins do so inside the method that needs it.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.hooks import RemovableHandle

from covey.components import Extract, Floats, Pixels, Runtime
from covey.errors import CoveyError, did_you_mean, reason

Forward = Callable[[Tensor], Sequence[Tensor]]
"""From images (b, 3, h, w) to the output of each tapped layer, as the layer gives it."""
_ODD_SIZE = (153, 203)


class Network:
    """A network in evaluation mode, and what it expects of its input.

    Args:
        module: takes images (b, 3, h, w) float32.
        name: what people call it.
        size: height and width that it was made for.
        mean: of each colour, subtracted from values between 0 and 1.
        std: of each colour; what is left is divided by it.
    """

    def __init__(
        self, module: nn.Module, name: str, size: tuple[int, int], mean: Sequence[float], std: Sequence[float]
    ) -> None:
        self.module = module.eval()
        self.name = name
        self.size = size
        self.mean = torch.tensor(mean).view(3, 1, 1)
        self.std = torch.tensor(std).view(3, 1, 1)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return what can be tapped, in the order of computation, with the shape of its output for two images."""
        outputs: dict[str, Any] = {}
        names = [name for name, _ in self.module.named_modules() if name]
        with _hooks(self.module, names, outputs.setdefault), torch.inference_mode():
            self.module(torch.zeros(2, 3, *self.size))
        return shapes_of(outputs)

    def tap(self, layers: Sequence[str]) -> Forward:
        """Return the network cut after the last of `layers`, which are among `shapes()`."""

        def forward(images: Tensor) -> list[Tensor]:
            outputs: dict[str, Tensor] = {}

            def keep(name: str, output: Tensor) -> None:
                if name not in outputs:
                    outputs[name] = output.clone()  # what follows may write into it
                if len(outputs) == len(layers):
                    raise _Reached

            with _hooks(self.module, layers, keep), suppress(_Reached):
                self.module(images)
            return [outputs[name] for name in layers]

        return forward

    def takes_any_size(self) -> bool:
        """Whether it works on images that are neither square nor a multiple of anything."""
        with torch.inference_mode():
            try:
                self.module(torch.zeros(1, 3, *_ODD_SIZE))
            except Exception:  # each network refuses in its own way
                return False
        return True


class _Reached(Exception):
    """The last tapped layer has been computed."""


def extractor(network: Network, layers: Sequence[str], *, bands: int, time: str, runtime: Runtime) -> Extract:
    """Return the function from pixels (b, h, w, 3) uint8 to one (b, d) float32 array for each layer.

    Images keep their size where the network takes any; otherwise they are resized, whole, to the size that it was
    made for. d depends on the layer, `bands` and `time` alone. See `pool` for both.

    Raises:
        CoveyError: a layer cannot be tapped, or the device is not there.
    """
    shapes = network.shapes()
    for layer in layers:
        _check(layer, shapes, bands, network.name)
    size = None if network.takes_any_size() else network.size
    _move(network, runtime.device)
    forward = network.tap(layers)

    def extract(pixels: Pixels) -> list[Floats]:
        with torch.inference_mode(), _threads(runtime.threads), _told(network.name, pixels):
            outputs = forward(prepare(pixels, network, size))
            maps = [as_maps(output, shapes[layer]) for output, layer in zip(outputs, layers, strict=True)]
            return [pool(item, bands, time).cpu().numpy() for item in maps]

    return extract


def prepare(pixels: Pixels, network: Network, size: tuple[int, int] | None) -> Tensor:
    """Return pixels (b, h, w, 3) uint8 as images (b, 3, h, w) float32 on the network's device, resized if asked."""
    images = torch.tensor(pixels, device=network.mean.device).permute(0, 3, 1, 2).float() / 255
    if size is not None:
        images = functional.interpolate(images, size, mode="bilinear", antialias=True)
    return (images - network.mean) / network.std


def as_maps(output: Tensor, shape: Sequence[int]) -> Tensor:
    """Return the output of a layer as maps (b, c, f, t): channels, frequency, time.

    Tokens (b, n, c) become (b, c, 1, n), vectors (b, c) become (b, c, 1, 1). `shape` is that of the layer's output
    for a square image, from which maps (b, f, t, c) are told: there f and t are equal.
    """
    if output.ndim == 2:
        return output[:, :, None, None]
    if output.ndim == 3:
        return output.transpose(1, 2)[:, :, None, :]
    return output.permute(0, 3, 1, 2) if shape[1] == shape[2] != shape[3] else output


def pool(maps: Tensor, bands: int, time: str) -> Tensor:
    """Return maps (b, c, f, t) as (b, d) float32: d = c * bands, twice that for "mean+std".

    Frequency is averaged over `bands` bands of equal height, which overlap by a row where f is no multiple of them.
    Time is then summarised by "mean", "max" or "mean+std" (population standard deviation).
    """
    rows = maps.shape[2]
    edges = [(band * rows // bands, -(-(band + 1) * rows // bands)) for band in range(bands)]
    series = torch.stack([maps[:, :, low:high].float().mean(2) for low, high in edges], 2)
    return _summary(series, time).flatten(1)


def shapes_of(outputs: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Return the shapes of those outputs for two images that can be pooled: tensors with 2 to 4 axes, images first."""
    tensors = {name: output for name, output in outputs.items() if isinstance(output, Tensor)}
    shapes = {name: tuple(output.shape) for name, output in tensors.items() if output.is_floating_point()}
    return {name: shape for name, shape in shapes.items() if 2 <= len(shape) <= 4 and shape[0] == 2}


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Make random weights repeatable inside the block, and leave torch's own random numbers as they were."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


def read_weights(path: Path) -> dict[str, Tensor]:
    """Return the state dict in a file of torch.save or safetensors; it may lie under the key "state_dict".

    Raises:
        CoveyError: the file is missing or damaged, holds no state dict, or would have to be unpickled.
    """
    try:
        content = _read(path)
    except pickle.UnpicklingError as error:
        raise CoveyError(
            f"The weights {str(path)!r} are refused: the file is damaged, or holds more than tensors, which could run"
            " code when it is read. Save the model's state_dict() with torch.save and give that file."
        ) from error
    except Exception as error:  # torch and safetensors raise what they like over a damaged file
        raise CoveyError(
            f"The weights {str(path)!r} cannot be read ({reason(error)[:200]}): fetch it again, or give another."
        ) from error
    weights = content.get("state_dict", content) if isinstance(content, Mapping) else None
    if not isinstance(weights, Mapping) or not all(isinstance(value, Tensor) for value in weights.values()):
        raise CoveyError(f"The weights {str(path)!r} are no state dict: save the model's state_dict() with torch.save.")
    return dict(weights)


def put_weights(module: nn.Module, weights: Mapping[str, Tensor], path: Path, model: str) -> None:
    """Give a module its weights. Raises CoveyError, naming keys, when they are those of another network."""
    expected = module.state_dict()
    shared = expected.keys() & weights.keys()
    misfits = {
        "missing": [key for key in expected if key not in shared],
        "not expected": [key for key in weights if key not in shared],
        "of another shape": [key for key in expected if key in shared and expected[key].shape != weights[key].shape],
    }
    told = [f"{what}: {_some(keys)}" for what, keys in misfits.items() if keys]
    if told:
        raise CoveyError(f"The weights {str(path)!r} do not fit {model} ({'; '.join(told)}): choose their own model.")
    module.load_state_dict(weights)


def _read(path: Path) -> Any:
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(path)
    return torch.load(path, map_location="cpu", weights_only=True)


def _summary(series: Tensor, time: str) -> Tensor:
    match time:
        case "mean":
            return series.mean(-1)
        case "max":
            return series.amax(-1)
        case "mean+std":
            return torch.cat([series.mean(-1), series.std(-1, correction=0)], 1)
    raise ValueError(f"time must be mean, max or mean+std, not {time!r}")


def _some(keys: Sequence[str]) -> str:
    more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
    return ", ".join(map(repr, keys[:3])) + more


def _check(layer: str, shapes: Mapping[str, tuple[int, ...]], bands: int, model: str) -> None:
    if layer not in shapes:
        near = did_you_mean(layer, shapes)
        some = ", ".join(list(shapes)[:: -(-len(shapes) // 6)])
        raise CoveyError(f"{model} has no layer {layer!r} that can be tapped.{near} Among its layers: {some}.")
    if bands > 1 and len(shapes[layer]) < 4:
        raise CoveyError(f"The layer {layer!r} of {model} has no frequency axis: use bands = 1, or tap another layer.")


def _move(network: Network, device: str) -> None:
    try:
        network.module.to(device)
        network.mean, network.std = network.mean.to(device), network.std.to(device)
    except (RuntimeError, AssertionError) as error:
        raise CoveyError(f"The device {device!r} cannot be used ({reason(error)}): choose cpu.") from error


@contextmanager
def _hooks(module: nn.Module, names: Sequence[str], keep: Callable[[str, Any], Any]) -> Iterator[None]:
    """Call keep(name, output) whenever one of the named modules has computed."""

    def add(name: str) -> RemovableHandle:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            keep(name, output)

        return module.get_submodule(name).register_forward_hook(hook)

    handles = [add(name) for name in names]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _told(model: str, pixels: Pixels) -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        count, height, width, _ = pixels.shape
        raise CoveyError(
            f"{model} failed on {count} images of {height} x {width} pixels ({reason(error)[:200]}): use larger images"
            " or a smaller batch."
        ) from error
