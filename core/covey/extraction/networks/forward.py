"""Run a network: from pixels to the pooled outputs of its layers."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import prod

import torch
from torch import Tensor, nn

from covey._base.errors import CoveyError, did_you_mean, reason
from covey.components.contracts import Extract, Floats, Pixels, Runtime
from covey.extraction.memory import ORDINARY, NotEnoughMemory, check_memory
from covey.extraction.networks.network import Network
from covey.extraction.networks.pooling import Pooling, as_maps, count_extra_tokens, pool
from covey.extraction.networks.preprocessing import fit_images

_Work = Callable[[Tensor], list[Tensor]]
PIXEL_BYTES, LAYER_FACTOR = 100, 2.5
"""An image takes `PIXEL_BYTES` a pixel, and `LAYER_FACTOR` times the largest output of a layer. Measured for eight
networks, with a margin of 0 to 50 %, by tests/benchmarks/memory.py."""
_NO_MEMORY = re.compile("out of memory|not enough memory|can't allocate memory", re.IGNORECASE)


def build_extract(
    network: Network, layers: Sequence[str], *, input: str = "whole", pooling: Pooling | None = None, runtime: Runtime
) -> Extract:
    """Return the function from pixels (b, h, w, 3) uint8 to one (b, d) float32 array for each layer.

    In bfloat16 the network computes by torch.autocast; tapped outputs are pooled in float32.

    Args:
        network: with its weights.
        layers: names of the layers to tap.
        input: how images get to a size that the network takes, see `fit_images`.
        pooling: how the output of a layer becomes a vector.
        runtime: how to compute.

    The function raises NotEnoughMemory before it begins on a large image that needs more memory than is free. On CUDA
    it tries, because that ends in an error that can be caught.

    Raises:
        CoveyError: a layer cannot be tapped or pooled in this way, or there is no such device.
    """
    shapes, pooling = network.shapes(), pooling or Pooling()
    for layer in layers:
        _check_layer(layer, shapes, pooling, network.name)
    poolings = [pooling.for_layer(not _is_flat(shapes[layer])) for layer in layers]
    input = "stretch" if input == "whole" and not network.takes_any_size() else input
    device = runtime.device or "cpu"
    mean, std = _move_to_device(network, device)
    forward = network.tap(layers)
    if runtime.precision == "bfloat16":
        _keep_short_sums_exact(network.module, device)

    def compute(images: Tensor) -> list[Tensor]:
        ratio = images.shape[2] / images.shape[3]
        with torch.autocast(device, torch.bfloat16, enabled=runtime.precision == "bfloat16"):
            outputs = forward((images.float() / 255 - mean) / std)
        maps = [as_maps(output, shapes[layer], ratio) for output, layer in zip(outputs, layers, strict=True)]
        return list(map(pool, maps, poolings))

    work = _halve_on_memory_errors(_compile(compute, network.name) if runtime.compile else compute, network.name)
    cost = _bytes_per_pixel(network, shapes, input)

    def extract(pixels: Pixels) -> list[Floats]:
        if device != "cuda":
            _check_memory(network.name, pixels, cost)
        with torch.inference_mode(), _threads(runtime.threads), _translate_errors(network.name, pixels):
            images = torch.tensor(pixels, device=device).permute(0, 3, 1, 2)
            return [features.cpu().numpy() for features in work(fit_images(images, network.preprocessing, input))]

    return extract


def _bytes_per_pixel(network: Network, shapes: Mapping[str, tuple[int, ...]], input: str) -> float:
    """Return how much memory each pixel of an image takes while the image goes through a network."""
    if input != "whole":
        return PIXEL_BYTES
    height, width = network.preprocessing.size
    largest = max((prod(shape[1:]) for shape in shapes.values()), default=0)
    return PIXEL_BYTES + LAYER_FACTOR * 4 * largest / (height * width)


def _check_memory(model: str, pixels: Pixels, cost: float) -> None:
    count, height, width, _ = pixels.shape
    if height * width > ORDINARY:
        check_memory(model, height, width, int(cost * count * height * width))


def _check_layer(layer: str, shapes: Mapping[str, tuple[int, ...]], pooling: Pooling, model: str) -> None:
    if layer not in shapes:
        hint = did_you_mean(layer, shapes)
        examples = ", ".join(list(shapes)[:: -(-len(shapes) // 6)])
        raise CoveyError(f"{model} has no layer {layer!r} that can be tapped.{hint} Among its layers: {examples}.")
    if _is_flat(shapes[layer]) and max(pooling.bands or 1, pooling.freq_pool or 1) > 1:
        raise CoveyError(
            f"The layer {layer!r} of {model} has no frequency axis: use bands = 1 and no freq_pool, or tap another"
            " layer."
        )


def _is_flat(shape: Sequence[int]) -> bool:
    """Whether the output of a layer, by its shape for a square image, has no axis of frequencies."""
    return len(shape) == 2 or (len(shape) == 3 and count_extra_tokens(shape) is None)


def _move_to_device(network: Network, device: str) -> tuple[Tensor, Tensor]:
    """Move a network to the device (channels last), and return mean and deviation (3, 1, 1) of the colours there."""
    colours = network.preprocessing.mean, network.preprocessing.std
    try:
        network.module.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        mean, std = (torch.tensor(values, device=device).view(3, 1, 1) for values in colours)
    except (RuntimeError, AssertionError) as error:
        raise CoveyError(f"The device {device!r} cannot be used ({reason(error)}): choose cpu.") from error
    return mean, std


def _keep_short_sums_exact(module: nn.Module, device: str) -> None:
    """Let convolutions of colours and of single channels compute in float32.

    Their sums are short, so that rounding errors do not average out, and they cost little.
    """

    def in_float32(convolve: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
        def forward(images: Tensor) -> Tensor:
            with torch.autocast(device, enabled=False):
                return convolve(images.float()).bfloat16()

        return forward

    for part in module.modules():
        if isinstance(part, nn.Conv2d) and (part.in_channels == 3 or part.groups == part.in_channels):
            part.forward = in_float32(part.forward)  # type: ignore[method-assign, assignment]


def _compile(work: _Work, model: str) -> _Work:
    """Return `work` compiled, once for each size of images; as it is, with a warning, if it cannot be compiled."""
    compiled: _Work = torch.compile(work, dynamic=False, options={"freezing": True})
    current = compiled

    def run(images: Tensor) -> list[Tensor]:
        nonlocal current
        try:
            return current(images)
        except RuntimeError as error:
            if current is work or _is_memory_error(error):
                raise
            warnings.warn(f"{model} could not be compiled, so it runs as it is: {reason(error)[:200]}", stacklevel=2)
        current = work
        return work(images)

    return run


def _halve_on_memory_errors(work: _Work, model: str) -> _Work:
    """Return `work` so that it computes half as many images at once whenever memory runs out.

    It raises NotEnoughMemory if there is not enough for one image.
    """
    most = 0

    def run(images: Tensor) -> list[Tensor]:
        nonlocal most
        most = most or len(images)
        while True:
            try:
                return [torch.cat(parts) for parts in zip(*map(work, torch.split(images, most)), strict=True)]
            except RuntimeError as error:
                if not _is_memory_error(error):
                    raise
                if most == 1:
                    raise NotEnoughMemory(
                        f"Memory is too small for {model} on one image: use smaller images."
                    ) from error
            most = -(-most // 2)

    return run


def _is_memory_error(error: RuntimeError) -> bool:
    return isinstance(error, torch.cuda.OutOfMemoryError) or bool(_NO_MEMORY.search(str(error)))


@contextmanager
def _threads(count: int | None) -> Iterator[None]:
    threads_before = torch.get_num_threads()
    torch.set_num_threads(count or threads_before)
    try:
        yield
    finally:
        torch.set_num_threads(threads_before)


@contextmanager
def _translate_errors(model: str, pixels: Pixels) -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        count, height, width, _ = pixels.shape
        raise CoveyError(
            f"{model} failed on {count} images of {height} x {width} pixels ({reason(error)[:200]}): use larger images"
            " or a smaller batch."
        ) from error
