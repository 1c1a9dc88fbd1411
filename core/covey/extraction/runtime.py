"""How to compute on this machine: what is found out, and what a person may force."""

from __future__ import annotations

import importlib.util
import shutil
import sysconfig
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from covey.components.contracts import Component, Runtime
from covey.components.options import component, option

if TYPE_CHECKING:
    import torch

EARNED_BACK = 15_000
"""Images of one size after which compiling a network has surely taken less time than it has saved, as measured."""
BATCHES = {"cpu": 8, "mps": 64, "cuda": 256}
"""Images that go through a network at once: on a CPU so few that what a layer gives stays in its caches."""
CAPABILITY = (8, 0)
"""The first CUDA devices that compute bfloat16 in hardware."""
GAIN = 1.3
"""How many times faster than float32 a CPU must compute in bfloat16 for its rounding to be worth it."""


@component
class Machine(Component):
    """How to compute: what is none is found out. Results are the same but for rounding."""

    name = "machine"

    device: str | None = option(
        default=None, choices=("cpu", "cuda", "mps"), help="What computes; none takes a GPU where there is one."
    )
    precision: str | None = option(
        default=None,
        choices=("float32", "bfloat16"),
        help="Numbers in the network; none takes bfloat16 where the hardware is found to compute faster with it.",
    )
    compile: bool | None = option(
        default=None,
        help="Whether the network is compiled first, which takes a while; none does so where a compiler is installed"
        f" and there are at least {EARNED_BACK:,} images of a size.",
    )
    batch_size: int | None = option(
        default=None, ge=1, help="Images that go through the network at once. Larger batches need more memory."
    )
    threads: int | None = option(
        default=None, ge=1, help="Threads of one forward pass; none leaves it to torch. More threads use more cores."
    )

    workers: int | None = option(
        default=None, ge=1, help="Threads that decode images; none takes one a core. More help where disks are slow."
    )
    compress: bool = option(
        default=False, help="Whether result files are compressed: smaller, and slower to open where they are large."
    )

    def runtime(self, images: int) -> Runtime:
        """Return how to compute a job with this many images of one size. Imports torch where it is installed."""
        if importlib.util.find_spec("torch") is None:
            return Runtime()
        device = self.device or _device()
        compiled = images >= EARNED_BACK and _has_compiler(device) if self.compile is None else self.compile
        return Runtime(
            device=device,
            precision=self.precision or _precision(device),
            compile=compiled,
            batch_size=self.batch_size or BATCHES[device],
            threads=self.threads or 0,
            workers=self.workers or 0,
        )


def _device() -> str:
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _precision(device: str) -> str:
    """Return bfloat16 where the hardware is faster with it; elsewhere it would be emulated, and slow."""
    import torch

    if device == "cuda":
        fast = torch.cuda.is_available() and torch.cuda.get_device_capability() >= CAPABILITY
    else:
        fast = device == "cpu" and _has_bfloat16() and _gain() >= GAIN
    return "bfloat16" if fast else "float32"


def _has_bfloat16() -> bool:
    import torch

    return any(getattr(torch.cpu, name, bool)() for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))


@cache
def _gain() -> float:
    """Return how many times faster than in float32 this CPU convolves in bfloat16.

    Having the instructions says little: with AVX-512 BF16 alone some are twice as fast, others half as fast.
    """
    import torch

    rounds = [(_seconds(torch.float32), _seconds(torch.bfloat16)) for _ in range(6)]
    return min(exact for exact, _ in rounds) / min(rounded for _, rounded in rounds)


def _seconds(dtype: torch.dtype) -> float:
    """Return how long one convolution takes, of a size that is common in networks."""
    import torch

    images = torch.ones(8, 128, 16, 32, dtype=dtype).to(memory_format=torch.channels_last)
    kernels = torch.ones(128, 128, 3, 3, dtype=dtype).to(memory_format=torch.channels_last)
    with torch.inference_mode():
        begin = time.perf_counter()
        torch.nn.functional.conv2d(images, kernels, padding=1)
        return time.perf_counter() - begin


def _has_compiler(device: str) -> bool:
    """Whether torch.compile finds what it needs: a C++ compiler, Python's headers and, for CUDA, Triton."""
    compiler = any(map(shutil.which, ("g++", "clang++", "cl")))
    headers = (Path(sysconfig.get_path("include")) / "Python.h").is_file()
    triton = device != "cuda" or importlib.util.find_spec("triton") is not None
    return device != "mps" and compiler and headers and triton
