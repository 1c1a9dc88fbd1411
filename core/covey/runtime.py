"""How to compute on this machine: what is found out, and what a person may force."""

from __future__ import annotations

import importlib.util
import shutil
import sysconfig
from pathlib import Path

from covey.components import Component, Runtime
from covey.options import component, option

EARNED_BACK = 3700
"""Images of one size after which compiling a network has taken less time than it has saved, as measured."""
BATCHES = {"cpu": 32, "mps": 64, "cuda": 256}
"""Images of a batch; fewer go through a network at once where memory runs out."""
CAPABILITY = (8, 0)
"""The first CUDA devices that compute bfloat16 in hardware."""


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
        help="Numbers in the network; none takes bfloat16 where the hardware computes with it, which is faster.",
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
    """Return bfloat16 where the hardware computes with it; elsewhere it would be emulated, and slow."""
    import torch

    if device == "cuda":
        fast = torch.cuda.is_available() and torch.cuda.get_device_capability() >= CAPABILITY
    else:
        fast = device == "cpu" and any(
            getattr(torch.cpu, name, bool)() for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        )
    return "bfloat16" if fast else "float32"


def _has_compiler(device: str) -> bool:
    """Whether torch.compile finds what it needs: a C++ compiler, Python's headers and, for CUDA, Triton."""
    compiler = any(map(shutil.which, ("g++", "clang++", "cl")))
    headers = (Path(sysconfig.get_path("include")) / "Python.h").is_file()
    triton = device != "cuda" or importlib.util.find_spec("triton") is not None
    return device != "mps" and compiler and headers and triton
