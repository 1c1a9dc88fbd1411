"""OpenVINO as what runs a network on the CPU: an image at a time on each thread."""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from covey._base.errors import CoveyError, in_terminal, reason
from covey.extraction.networks.conversion_cache import ConversionCache

if TYPE_CHECKING:
    import openvino

T = TypeVar("T")
Size = tuple[int, int]
"""Height and width of images in pixels."""
_CONVERTED_SIZE, _COMPARED_SIZES = (153, 203), ((192, 256), (161, 330))
"""A network for any size is converted with an image of the first size, and compared with torch on the others."""
_MOST_DIFFERENT = 1e-3
"""Length of the difference between outputs of torch and OpenVINO in float32, as a part of that of torch's output."""
_TELEMETRY = "openvino_telemetry"


class NotConverted(Exception):
    """Why OpenVINO cannot run a network on images of some size."""


class OpenvinoNetwork:
    """Runs a network by OpenVINO.

    Each image is a request of its own, on one thread, so that its outputs depend neither on its batch nor on the number
    of threads. Each of the frequent sizes has a compiled network of its own, which is faster; all others share one.

    Args:
        module: takes images (b, 3, h, w) with values from 0 to 255, and returns a tuple of outputs.
        layers: what the outputs are called.
        size: of all images, which are then float32; None if they are uint8 and of any size.
        precision: "float32" or "bfloat16". A network with convolutions of single channels, whose sums are so short that
            rounding errors do not average out, or with convolutions of standardised weights computes in float32 anyway.
        threads: images that are computed at once.

    Attributes:
        precision: in which it computes.
    """

    def __init__(
        self, module: nn.Module, layers: Sequence[str], *, size: Size | None, precision: str, threads: int
    ) -> None:
        self._openvino = import_openvino()
        self._core = self._openvino.Core()
        self._module = _ChannelsLast(module).eval()
        self._cache = ConversionCache(module, layers)
        self._size = size
        self._threads = threads
        is_rounded = precision == "bfloat16" and not _needs_float32(module) and _computes_bfloat16(self._core)
        self.precision = "bfloat16" if is_rounded else "float32"
        processor = self._core.get_property("CPU", "FULL_DEVICE_NAME")
        self._description = f"openvino {version('openvino')} in {self.precision} on {processor}"
        self._frequent_sizes = frozenset([size] if size else [])
        self._general: openvino.Model | NotConverted | None = None
        self._queues: dict[Size | None, openvino.AsyncInferQueue | NotConverted] = {}

    def run(self, images: Tensor) -> list[Tensor]:
        """Return the outputs for images (b, 3, h, w) with values from 0 to 255.

        Raises:
            NotConverted: OpenVINO cannot run the network on images of this size.
        """
        height, width = images.shape[2:]
        queue = self._queue((height, width) if (height, width) in self._frequent_sizes else None)
        pixels = images.permute(0, 2, 3, 1).contiguous().numpy()
        return [torch.from_numpy(output) for output in _infer_each(queue, pixels)]

    def prepare(self, sizes: Collection[Size]) -> None:
        """Say which sizes are those of many images."""
        self._frequent_sizes |= frozenset(sizes)

    def describe(self) -> str:
        """Return what decides how outputs are rounded: version, precision and processor."""
        return self._description

    def _queue(self, size: Size | None) -> openvino.AsyncInferQueue:
        """Return the requests for images of a size, or of any; the network is compiled at the first time."""
        if size not in self._queues:
            self._queues[size] = _attempt(lambda: self._start_queue(size))
        return _raise_failure(self._queues[size])

    def _start_queue(self, size: Size | None) -> openvino.AsyncInferQueue:
        return self._openvino.AsyncInferQueue(self._compile(self._convert(size), self.precision), self._threads)

    def _convert(self, size: Size | None) -> openvino.Model:
        """Return the network for images of a size, or of any."""
        if self._size is None:
            self._general = self._general or _attempt(lambda: self._read_or_convert(_CONVERTED_SIZE, _COMPARED_SIZES))
            if size is None or not isinstance(self._general, NotConverted):
                return _set_size(_raise_failure(self._general), size)
        assert size is not None
        return _set_size(self._read_or_convert(size, [size]), size)

    def _read_or_convert(self, size: Size, sizes_to_compare: Collection[Size]) -> openvino.Model:
        """Return the network as it is converted with an image of a size, after comparing it on images of others.

        It is always read from the cache: what was not written and read again would compute other bits.
        """
        description = f"{size} for {sizes_to_compare}, {'float32' if self._size else 'uint8'}"
        if model := self._cache.read(self._core, description):
            return model
        model = self._convert_like(self._example(size))
        compiled = self._compile(_set_size(model, size if size in sizes_to_compare else None), "float32")
        for size_to_compare in sizes_to_compare:
            self._compare(compiled, self._example(size_to_compare))
        self._cache.write(model, description)
        return _require(self._cache.read(self._core, description))

    def _convert_like(self, example: Tensor) -> openvino.Model:
        """Return the network as it works on an example, by the steps of `openvino.convert_model`."""
        from openvino.frontend import FrontEndManager
        from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

        with _traceable(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about what tracing fixes: whether it matters is compared
            decoder = TorchScriptPythonDecoder(
                self._module, example_input=(example,), trace_kwargs={"check_trace": False}
            )
            frontend = FrontEndManager().load_by_framework("pytorch")
            return frontend.convert(frontend.load(decoder))

    def _compare(self, compiled: openvino.CompiledModel, example: Tensor) -> None:
        """Compare OpenVINO with torch in float32.

        Raises:
            NotConverted: they differ.
        """
        with _traceable():
            expected = [output.numpy() for output in self._module(example)]
        outputs = compiled(example.numpy())
        for index, output in enumerate(expected):
            difference = np.linalg.norm(outputs[index] - output) if outputs[index].shape == output.shape else np.inf
            if not difference <= _MOST_DIFFERENT * np.linalg.norm(output):
                raise NotConverted("converted with an image of one size, it computes something else for another")

    def _compile(self, model: openvino.Model, precision: str) -> openvino.CompiledModel:
        settings = {
            "INFERENCE_PRECISION_HINT": {"float32": "f32", "bfloat16": "bf16"}[precision],
            "NUM_STREAMS": self._threads,
            "INFERENCE_NUM_THREADS": self._threads,
            "ENABLE_CPU_PINNING": False,  # two processes would share one core while another has nothing to do
        }
        return self._core.compile_model(model, "CPU", settings)

    def _example(self, size: Size) -> Tensor:
        """Return an image of noise, (1, h, w, 3)."""
        pixels = np.random.default_rng(0).integers(0, 256, (1, *size, 3), np.uint8)
        return torch.from_numpy(pixels).to(torch.float32 if self._size else torch.uint8)


class _ChannelsLast(nn.Module):
    """A network that takes images (b, h, w, 3)."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        outputs: tuple[Tensor, ...] = self.module(images.permute(0, 3, 1, 2))
        return outputs


def import_openvino() -> ModuleType:
    """Import OpenVINO without its telemetry, which would send a message to its makers at the import already.

    Raises:
        CoveyError: it is not installed.
    """
    loaded = sys.modules.get(_TELEMETRY)
    sys.modules[_TELEMETRY] = None  # type: ignore[assignment]  # OpenVINO then works as if it were not installed
    try:
        module = importlib.import_module("openvino")
    except ImportError as error:
        raise CoveyError(
            f"OpenVINO cannot be used ({reason(error)}): leave out backend, or use "
            + in_terminal('pip install "covey[openvino]"')
        ) from error
    finally:
        del sys.modules[_TELEMETRY]
        if loaded:
            sys.modules[_TELEMETRY] = loaded
    return module


def _set_size(model: openvino.Model, size: Size | None) -> openvino.Model:
    """Return a copy of a network for images of one size, or of any."""
    sized = model.clone()
    height, width = size or (-1, -1)
    sized.reshape({sized.inputs[0]: [1, height, width, 3]})
    return sized


def _infer_each(queue: openvino.AsyncInferQueue, pixels: NDArray[Any]) -> list[NDArray[np.float32]]:
    """Return the outputs (b, ...) for images (b, h, w, 3). One like the image before it is not computed again."""
    is_new = [row == 0 or not np.array_equal(pixels[row], pixels[row - 1]) for row in range(len(pixels))]
    outputs_by_row: dict[int, list[NDArray[np.float32]]] = {}

    def keep(request: openvino.InferRequest, row: int) -> None:
        outputs_by_row[row] = [tensor.data.copy() for tensor in request.output_tensors]

    queue.set_callback(keep)
    for row in np.flatnonzero(is_new).tolist():
        queue.start_async([pixels[row : row + 1]], row, share_inputs=True)
    queue.wait_all()
    computed_rows = np.maximum.accumulate(np.where(is_new, np.arange(len(pixels)), 0))
    outputs = [outputs_by_row[row] for row in computed_rows.tolist()]
    return [np.concatenate(parts) for parts in zip(*outputs, strict=True)]


def _require(model: openvino.Model | None) -> openvino.Model:
    if model is None:
        raise NotConverted("the converted network cannot be read from the cache")
    return model


def _attempt(work: Callable[[], T]) -> T | NotConverted:
    try:
        return work()
    except MemoryError:
        raise
    except Exception as error:  # OpenVINO and torch raise what they like over a network that they do not know
        return NotConverted(reason(error).rpartition("Summary: ")[2][:200])


def _raise_failure(outcome: T | NotConverted) -> T:
    if isinstance(outcome, NotConverted):
        raise outcome
    return outcome


def _needs_float32(module: nn.Module) -> bool:
    """Whether features in bfloat16 would differ by more than a thousandth; see tests/benchmarks/backends.py.

    ScaledStdConv2d and ScaledStdConv2dSame are timm's, which need not be installed: convolutions of NFNet that
    standardise their weights whenever they compute, and that OpenVINO then rounds too.
    """
    return any(_has_short_sums(part) or "ScaledStdConv" in type(part).__name__ for part in module.modules())


def _has_short_sums(part: nn.Module) -> bool:
    return isinstance(part, nn.Conv2d) and part.groups == part.in_channels > 1


def _computes_bfloat16(core: openvino.Core) -> bool:
    return "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")


@contextmanager
def _traceable() -> Iterator[None]:
    """Let networks compute as they can be converted: torch's fused attention has no counterpart in OpenVINO."""
    is_fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.inference_mode(False), torch.no_grad():
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(is_fused)
