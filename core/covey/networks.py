"""Torch networks as feature extractors: tapping layers, reading weights, preparing pixels, pooling.

Importing this module imports torch, so plugins do so inside the method that needs it.
"""

from __future__ import annotations

import math
import pickle
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import attrs
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.hooks import RemovableHandle

from covey.components import Extract, Floats, Pixels, Runtime
from covey.errors import CoveyError, did_you_mean, reason

Forward = Callable[[Tensor], Sequence[Tensor]]
"""From images (b, 3, h, w) to the output of each tapped layer, as the layer gives it."""
_Work = Callable[[Tensor], list[Tensor]]
_ODD_SIZE = (153, 203)
_MOST_EXTRA = 8
"""Tokens that may stand before the grid: for the class, for distillation, registers."""
_NO_MEMORY = re.compile("out of memory|not enough memory|can't allocate memory", re.IGNORECASE)


@attrs.frozen(kw_only=True)
class Preprocessing:
    """What weights expect of an image.

    `size` is the height and width that they were made for. `mean` of each colour is subtracted from values between 0
    and 1, what is left is divided by `std`. In training and tests the shorter side was resized to `resize` by
    `interpolation` ("bilinear" or "bicubic"), and the centre of `size` cut out.
    """

    size: tuple[int, int]
    mean: Sequence[float]
    std: Sequence[float]
    resize: int
    interpolation: str = "bilinear"


@attrs.frozen(kw_only=True)
class Pooling:
    """How maps become a vector; see `pool`."""

    bands: int = 1
    freq_pool: int | None = None
    edges: int = 0
    time: str = "mean"


class Network:
    """A network in evaluation mode, and what it expects of its input.

    Args:
        module: takes images (b, 3, h, w) float32.
        name: what people call it.
        preprocessing: what its weights expect of an image.
    """

    def __init__(self, module: nn.Module, name: str, preprocessing: Preprocessing) -> None:
        self.module = module.eval()
        self.name = name
        self.preprocessing = preprocessing

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return what can be tapped, in the order of computation, with the shape of its output for two images."""
        outputs: dict[str, Any] = {}
        names = [name for name, _ in self.module.named_modules() if name]
        with _hooks(self.module, names, outputs.setdefault), torch.inference_mode():
            self.module(torch.zeros(2, 3, *self.preprocessing.size))
        return shapes_of(outputs)

    def tap(self, layers: Sequence[str]) -> Forward:
        """Return the network cut after the last of `layers`, which are among `shapes()`."""
        outputs: dict[str, Tensor] = {}
        running = False

        def keep(name: str, output: Tensor) -> None:
            if not running:
                return
            if name not in outputs:
                outputs[name] = output.clone()  # what follows may write into it
            if len(outputs) == len(layers) and not torch.compiler.is_compiling():  # a compiler sees that it is unused
                raise _Reached

        def forward(images: Tensor) -> list[Tensor]:
            nonlocal running
            outputs.clear()
            running = True
            try:
                with suppress(_Reached):
                    self.module(images)
            finally:
                running = False
            return [outputs.pop(name) for name in layers]

        _hook(self.module, layers, keep)
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


def extractor(
    network: Network, layers: Sequence[str], *, input: str = "whole", pooling: Pooling | None = None, runtime: Runtime
) -> Extract:
    """Return the function from pixels (b, h, w, 3) uint8 to one (b, d) float32 array for each layer.

    `input` says how images get to a size that the network takes, see `fit`. In bfloat16 the network computes by
    torch.autocast; what is tapped is pooled in float32.

    Raises:
        CoveyError: a layer cannot be tapped or pooled so, or the device is not there.
    """
    shapes, pooling = network.shapes(), pooling or Pooling()
    for layer in layers:
        _check(layer, shapes, pooling, network.name)
    input = "stretch" if input == "whole" and not network.takes_any_size() else input
    mean, std = _placed(network, runtime.device)
    forward = network.tap(layers)
    if runtime.precision == "bfloat16":
        _keep_exact(network.module, runtime.device)

    def features(images: Tensor) -> list[Tensor]:
        ratio = images.shape[2] / images.shape[3]
        with torch.autocast(runtime.device, torch.bfloat16, enabled=runtime.precision == "bfloat16"):
            outputs = forward((images.float() / 255 - mean) / std)
        maps = [as_maps(output, shapes[layer], ratio) for output, layer in zip(outputs, layers, strict=True)]
        return [pool(item, pooling) for item in maps]

    work = _halving(_compiled(features, network.name) if runtime.compile else features, network.name)

    def extract(pixels: Pixels) -> list[Floats]:
        with torch.inference_mode(), _threads(runtime.threads), _told(network.name, pixels):
            images = torch.tensor(pixels, device=runtime.device).permute(0, 3, 1, 2)
            return [item.cpu().numpy() for item in work(fit(images, network.preprocessing, input))]

    return extract


def fit(images: Tensor, preprocessing: Preprocessing, input: str) -> Tensor:
    """Return images (b, 3, h, w) uint8 with values 0 to 255 as the network is to see them.

    "whole" leaves them as they are; "stretch" resizes them, whole, to the size that the network was made for;
    "original" resizes the shorter side and cuts out the centre, exactly as torchvision's transforms do with tensors.
    """
    if input == "whole":
        return images
    if input == "stretch":
        return functional.interpolate(images.float(), preprocessing.size, mode="bilinear", antialias=True)
    height, width = images.shape[2:]
    scale = preprocessing.resize / min(height, width)
    size = (
        (preprocessing.resize, int(width * scale)) if height <= width else (int(height * scale), preprocessing.resize)
    )
    resized = functional.interpolate(images.float(), size, mode=preprocessing.interpolation, antialias=True)
    return _centre(resized.clamp(0, 255).round(), preprocessing.size)


def as_maps(output: Tensor, shape: Sequence[int], ratio: float = 1) -> Tensor:
    """Return the output of a layer as maps (b, c, f, t): channels, frequency, time.

    Vectors (b, c) become (b, c, 1, 1). Of tokens (b, n, c) those of the image's grid are laid out as they lie in it,
    and the class token is left out; tokens without a grid become (b, c, 1, n). `shape` is that of the layer's output
    for a square image, from which the grid is told, and maps (b, f, t, c): there f and t are equal. `ratio` is the
    height of the images divided by their width.
    """
    if output.ndim == 2:
        return output[:, :, None, None]
    if output.ndim == 3:
        return _grid(output, _extra(shape), ratio)
    return output.permute(0, 3, 1, 2) if shape[1] == shape[2] != shape[3] else output


def pool(maps: Tensor, pooling: Pooling) -> Tensor:
    """Return maps (b, c, f, t) as (b, d) float32.

    Frequency is averaged over `bands` bands of equal height, which overlap by a row where f is no multiple of them:
    d = c * bands. With `freq_pool` it is averaged over blocks of so many rows instead, zeros filling up the last:
    d = c * ceil(f / freq_pool). `edges` columns are left out at both ends. Time is then summarised by "mean", "max",
    "mean+std" (population standard deviation; twice as many features) or "thirds" (the mean of each third; three
    times as many).

    Raises:
        CoveyError: the edges leave nothing.
    """
    columns = maps.shape[3]
    if columns <= 2 * pooling.edges:
        raise CoveyError(f"edges = {pooling.edges} leaves nothing of a layer with {columns} columns: choose fewer.")
    maps = maps[:, :, :, pooling.edges : columns - pooling.edges].float()
    series = _means(maps, pooling.bands, 2) if pooling.freq_pool is None else _blocks(maps, pooling.freq_pool)
    return _summary(series, pooling.time).flatten(1)


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


def _centre(images: Tensor, size: tuple[int, int]) -> Tensor:
    top, left = (round((have - want) / 2) for have, want in zip(images.shape[2:], size, strict=True))
    return images[:, :, top : top + size[0], left : left + size[1]]


def _extra(shape: Sequence[int]) -> int | None:
    """Return how many tokens stand before those of a square grid; None when there seems to be no grid."""
    extra = shape[1] - math.isqrt(shape[1]) ** 2
    return extra if extra <= _MOST_EXTRA else None


def _grid(tokens: Tensor, extra: int | None, ratio: float) -> Tensor:
    """Return tokens (b, n, c) as maps (b, c, f, t) whose sides have about the ratio of the image's."""
    cells = tokens[:, extra or 0 :].transpose(1, 2)
    count = cells.shape[2]
    divisors = [1] if extra is None else [rows for rows in range(1, count + 1) if count % rows == 0]
    rows = min(divisors, key=lambda rows: abs(rows - math.sqrt(count * ratio)))
    return cells.reshape(*cells.shape[:2], rows, count // rows)


def _means(maps: Tensor, parts: int, axis: int) -> Tensor:
    """Return the means over `parts` equal parts of an axis, which overlap by one where it is no multiple of them."""
    size = maps.shape[axis]
    edges = [(part * size // parts, -(-(part + 1) * size // parts)) for part in range(parts)]
    return torch.stack([maps.narrow(axis, low, high - low).mean(axis) for low, high in edges], axis)


def _blocks(maps: Tensor, rows: int) -> Tensor:
    """Return the means over blocks of rows; zeros fill up the last."""
    filled = functional.pad(maps, (0, 0, 0, -maps.shape[2] % rows))
    return filled.reshape(*filled.shape[:2], -1, rows, filled.shape[3]).mean(3)


def _summary(series: Tensor, time: str) -> Tensor:
    match time:
        case "mean":
            return series.mean(-1)
        case "max":
            return series.amax(-1)
        case "mean+std":
            return torch.cat([series.mean(-1), series.std(-1, correction=0)], 1)
        case "thirds":
            return _means(series, 3, 3)
    raise ValueError(f"time must be mean, max, mean+std or thirds, not {time!r}")


def _keep_exact(module: nn.Module, device: str) -> None:
    """Let convolutions whose sums are short compute in float32: those of the colours and those of single channels.

    They cost little, and the rounding of a few weights does not average out.
    """

    def exact(convolve: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
        def forward(images: Tensor) -> Tensor:
            with torch.autocast(device, enabled=False):
                return convolve(images.float()).bfloat16()

        return forward

    for part in module.modules():
        if isinstance(part, nn.Conv2d) and (part.in_channels == 3 or part.groups == part.in_channels):
            part.forward = exact(part.forward)  # type: ignore[method-assign, assignment]


def _compiled(work: _Work, model: str) -> _Work:
    """Return `work` compiled, once for each size of images; one that cannot be compiled stays as it is."""
    compiled: _Work = torch.compile(work, dynamic=False, options={"freezing": True})
    current = compiled

    def run(images: Tensor) -> list[Tensor]:
        nonlocal current
        try:
            return current(images)
        except RuntimeError as error:
            if current is work or _is_memory(error):
                raise
            warnings.warn(f"{model} could not be compiled, so it runs as it is: {reason(error)[:200]}", stacklevel=2)
        current = work
        return work(images)

    return run


def _halving(work: _Work, model: str) -> _Work:
    """Return `work` that takes half as many images at once, and so on, where memory runs out."""
    most = 0

    def run(images: Tensor) -> list[Tensor]:
        nonlocal most
        most = most or len(images)
        while True:
            try:
                return [torch.cat(parts) for parts in zip(*map(work, torch.split(images, most)), strict=True)]
            except RuntimeError as error:
                if not _is_memory(error):
                    raise
                if most == 1:
                    raise CoveyError(f"Memory is too small for {model} on one image: use smaller images.") from error
            most = -(-most // 2)

    return run


def _is_memory(error: RuntimeError) -> bool:
    return isinstance(error, torch.cuda.OutOfMemoryError) or bool(_NO_MEMORY.search(str(error)))


def _some(keys: Sequence[str]) -> str:
    more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
    return ", ".join(map(repr, keys[:3])) + more


def _check(layer: str, shapes: Mapping[str, tuple[int, ...]], pooling: Pooling, model: str) -> None:
    if layer not in shapes:
        near = did_you_mean(layer, shapes)
        some = ", ".join(list(shapes)[:: -(-len(shapes) // 6)])
        raise CoveyError(f"{model} has no layer {layer!r} that can be tapped.{near} Among its layers: {some}.")
    shape = shapes[layer]
    flat = len(shape) == 2 or (len(shape) == 3 and _extra(shape) is None)
    if flat and max(pooling.bands, pooling.freq_pool or 1) > 1:
        raise CoveyError(
            f"The layer {layer!r} of {model} has no frequency axis: use bands = 1 and no freq_pool, or tap another"
            " layer."
        )


def _placed(network: Network, device: str) -> tuple[Tensor, Tensor]:
    """Move a network to the device, its channels last, and return mean and deviation of the colours there."""
    colours = network.preprocessing.mean, network.preprocessing.std
    try:
        network.module.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        mean, std = (torch.tensor(values, device=device).view(3, 1, 1) for values in colours)
    except (RuntimeError, AssertionError) as error:
        raise CoveyError(f"The device {device!r} cannot be used ({reason(error)}): choose cpu.") from error
    return mean, std


def _hook(module: nn.Module, names: Sequence[str], keep: Callable[[str, Any], Any]) -> list[RemovableHandle]:
    def add(name: str) -> RemovableHandle:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            keep(name, output)

        return module.get_submodule(name).register_forward_hook(hook)

    return [add(name) for name in names]


@contextmanager
def _hooks(module: nn.Module, names: Sequence[str], keep: Callable[[str, Any], Any]) -> Iterator[None]:
    """Call keep(name, output) inside the block whenever one of the named modules has computed."""
    handles = _hook(module, names, keep)
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
