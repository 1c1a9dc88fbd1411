"""Run a network: from pixels to the pooled outputs of its layers."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import prod

import torch
from torch import Tensor, nn

from covey._base.errors import CoveyError, did_you_mean, reason
from covey.components.contracts import Extract, Floats, Pixels, Runtime
from covey.extraction.memory import ORDINARY, NotEnoughMemory, check_memory
from covey.extraction.networks.network import Forward, Network
from covey.extraction.networks.openvino_network import NotConverted, OpenvinoNetwork
from covey.extraction.networks.pooling import Pooling, as_maps, count_extra_tokens, pool
from covey.extraction.networks.preprocessing import fit_images

_Work = Callable[[Tensor], list[Tensor]]
PIXEL_BYTES, LAYER_FACTOR = 100, 2.5
"""An image takes `PIXEL_BYTES` a pixel, and `LAYER_FACTOR` times the largest output of a layer. Measured for eight
networks, with a margin of 0 to 50 %, by tests/benchmarks/memory.py."""
_NO_MEMORY = re.compile("out of memory|not enough memory|can't allocate memory", re.IGNORECASE)


class NetworkExtract:
    """The function from pixels (b, h, w, 3) uint8 to one (b, d) float32 array for each layer; see `build_extract`."""

    def __init__(self, extract: Extract, converted: _Preferred | None) -> None:
        self._extract = extract
        self._converted = converted

    def __call__(self, pixels: Pixels) -> Sequence[Floats]:
        """Return the features."""
        return self._extract(pixels)

    @property
    def backend(self) -> str:
        """What ran the network on the last batch, and in which precision if that is not torch's own."""
        return self._converted.describe() if self._converted else ""

    def prepare(self, sizes: Collection[tuple[int, int]]) -> None:
        """Say which sizes, height and width, are those of many images."""
        if self._converted:
            self._converted.prepare(sizes)


def build_extract(
    network: Network, layers: Sequence[str], *, input: str = "whole", pooling: Pooling | None = None, runtime: Runtime
) -> NetworkExtract:
    """Return the function from pixels (b, h, w, 3) uint8 to one (b, d) float32 array for each layer.

    Tapped outputs are pooled in float32, whatever the network computes in.

    Args:
        network: with its weights.
        layers: names of the layers to tap.
        input: how images get to a size that the network takes, see `fit_images`.
        pooling: how the output of a layer becomes a vector.
        runtime: how to compute.

    The function raises NotEnoughMemory before it begins on a large image that needs more memory than is free. On CUDA
    it tries, because that ends in an error that can be caught.

    Raises:
        CoveyError: a layer cannot be tapped or pooled in this way, or there is no such device or backend.
    """
    shapes, pooling = network.shapes(), pooling or Pooling()
    for layer in layers:
        _check_layer(layer, shapes, pooling, network.name)
    poolings = [pooling.for_layer(not _is_flat(shapes[layer])) for layer in layers]
    input = "stretch" if input == "whole" and not network.takes_any_size() else input
    device = runtime.device or "cpu"
    tapped = _TappedNetwork(network, layers)
    _move_to_device(tapped, device)
    by_torch = _run_by_torch(tapped, device, runtime.precision)
    size = None if input == "whole" else network.preprocessing.size
    converted = _Preferred(tapped, layers, size, runtime, by_torch) if runtime.backend == "openvino" else None
    forward = converted or by_torch

    def compute(images: Tensor) -> list[Tensor]:
        ratio = images.shape[2] / images.shape[3]
        outputs = forward(images)
        maps = [as_maps(output, shapes[layer], ratio) for output, layer in zip(outputs, layers, strict=True)]
        return list(map(pool, maps, poolings))

    work = _halve_on_memory_errors(_compile(compute, network.name) if runtime.compile else compute, network.name)
    cost = _bytes_per_pixel(network, shapes, input)
    threads = 1 if converted else runtime.threads  # what is left to torch is too little to be shared

    def extract(pixels: Pixels) -> list[Floats]:
        if device != "cuda":
            _check_memory(network.name, pixels, cost)
        with torch.inference_mode(), _threads(threads), _translate_errors(network.name, pixels):
            images = torch.tensor(pixels, device=device).permute(0, 3, 1, 2)
            return [features.cpu().numpy() for features in work(fit_images(images, network.preprocessing, input))]

    return NetworkExtract(extract, converted)


class _TappedNetwork(nn.Module):
    """From images (b, 3, h, w) with values from 0 to 255 to the outputs of the tapped layers."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: Network, layers: Sequence[str]) -> None:
        super().__init__()
        self.name = network.name
        self.module = network.module
        self._forward_taps = network.tap(layers)
        self.register_buffer("mean", torch.tensor(network.preprocessing.mean).view(3, 1, 1))
        self.register_buffer("std", torch.tensor(network.preprocessing.std).view(3, 1, 1))

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        return tuple(self._forward_taps((images.float() / 255 - self.mean) / self.std))


def _run_by_torch(tapped: _TappedNetwork, device: str, precision: str | None) -> Forward:
    """Return the function that runs a network by torch; in bfloat16 by torch.autocast."""
    if precision == "bfloat16":
        _keep_short_sums_exact(tapped, device)

    def forward(images: Tensor) -> Sequence[Tensor]:
        with torch.autocast(device, torch.bfloat16, enabled=precision == "bfloat16"):
            outputs: Sequence[Tensor] = tapped(images)
            return outputs

    return forward


class _Preferred:
    """Runs a network by OpenVINO, and by torch on images of sizes on which OpenVINO cannot run it."""

    def __init__(
        self,
        tapped: _TappedNetwork,
        layers: Sequence[str],
        size: tuple[int, int] | None,
        runtime: Runtime,
        by_torch: Forward,
    ) -> None:
        threads = runtime.threads or torch.get_num_threads()
        precision = runtime.precision or "float32"
        self._network = OpenvinoNetwork(tapped, layers, size=size, precision=precision, threads=threads)
        self._name = tapped.name
        self._by_torch = by_torch
        self._threads = threads
        self._failure = ""

    def __call__(self, images: Tensor) -> Sequence[Tensor]:
        try:
            outputs = self._network.run(images)
            self._failure = ""
        except NotConverted as error:
            self._failure = str(error)
            warnings.warn(f"OpenVINO cannot run {self._name}, so torch does: {self._failure}", stacklevel=2)
            with _threads(self._threads):
                return self._by_torch(images)
        return outputs

    def describe(self) -> str:
        return "" if self._failure else self._network.describe()

    def prepare(self, sizes: Collection[tuple[int, int]]) -> None:
        self._network.prepare(sizes)


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


def _move_to_device(tapped: _TappedNetwork, device: str) -> None:
    """Move a network to the device, channels last."""
    try:
        tapped.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    except (RuntimeError, AssertionError) as error:
        raise CoveyError(f"The device {device!r} cannot be used ({reason(error)}): choose cpu.") from error


def _keep_short_sums_exact(module: nn.Module, device: str) -> None:
    """Let convolutions of colours and of single channels compute in float32 inside torch.autocast.

    Their sums are short, so that rounding errors do not average out, and they cost little.
    """

    def in_float32(convolve: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
        def forward(images: Tensor) -> Tensor:
            if not torch.is_autocast_enabled(device):
                return convolve(images)
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
