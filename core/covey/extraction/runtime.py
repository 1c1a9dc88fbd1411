"""How to compute on this machine: decided by rules from the hardware and the options, never from a stopwatch."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sysconfig
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import get_args

from covey._base.errors import CoveyError
from covey._base.text import preview
from covey.components import options
from covey.components.contracts import FeatureExtractor, Runtime, RuntimeSetting
from covey.components.versions import package_versions

COMPILE_FROM = 15_000
"""Images of one size from which compiling a network by torch saves more time than it takes: 3,600 to 14,600 images were
measured, depending on network and processor."""
BATCH_SIZES = {"cpu": 8, "mps": 64, "cuda": 256}
"""Images that go through a network at once. On a CPU so few that the output of a layer stays in its caches; measured
by tests/benchmarks/extraction.py."""
BATCH_SIZE = 32
"""Images at once for extractors that use no device."""
CUDA_CAPABILITY = (8, 0)
"""The first CUDA devices that compute bfloat16 in hardware."""
MOST_WORKERS = 8
OPENVINO, TORCH = "openvino", "torch"
_X86_64 = ("x86_64", "AMD64")


def check_settings(runtime: Runtime, extractors: Sequence[FeatureExtractor]) -> list[str]:
    """Return one sentence for each setting that some of the extractors ignore.

    Raises:
        CoveyError: all extractors ignore a setting that was given.
    """
    return [sentence for setting in _given_settings(runtime) for sentence in _check_setting(setting, extractors)]


def _given_settings(runtime: Runtime) -> Iterable[RuntimeSetting]:
    settings: tuple[RuntimeSetting, ...] = get_args(RuntimeSetting)
    return (setting for setting in settings if getattr(runtime, setting) is not None)


def _check_setting(setting: RuntimeSetting, extractors: Sequence[FeatureExtractor]) -> list[str]:
    ignoring = list(dict.fromkeys(extractor.name for extractor in extractors if setting not in extractor.uses))
    if len(ignoring) == len({extractor.name for extractor in extractors}):
        who = f"{preview(ignoring)} would ignore it" if ignoring else "nothing is extracted"
        raise CoveyError(f"The setting {setting} has no effect in this run, because {who}: leave it out.")
    verb = "ignore" if len(ignoring) > 1 else "ignores"
    return [f"{preview(ignoring)} {verb} the setting {setting}."] if ignoring else []


def resolve_runtime(runtime: Runtime, extractor: FeatureExtractor, images: int) -> Runtime:
    """Return a runtime in which every setting that the extractor uses has a value.

    Settings that it does not use are None, and those that have nothing to do with computing are at their defaults.
    Imports torch only for extractors that use a device.

    Args:
        runtime: what the user set.
        extractor: what is to compute.
        images: number of images of the most frequent size.
    """
    workers = runtime.workers or min(MOST_WORKERS, os.cpu_count() or 1)
    if "device" not in extractor.uses:
        return Runtime(
            batch_size=runtime.batch_size or BATCH_SIZE,
            threads=(runtime.threads or os.cpu_count()) if "threads" in extractor.uses else None,
            workers=workers,
        )
    device = runtime.device or _choose_device()
    backend = _choose_backend(runtime, device) if "backend" in extractor.uses else None
    return Runtime(
        device=device,
        precision=(runtime.precision or _choose_precision(device)) if "precision" in extractor.uses else None,
        backend=backend,
        compile=_choose_compile(runtime, device, backend, images) if "compile" in extractor.uses else None,
        batch_size=runtime.batch_size or BATCH_SIZES[device],
        threads=(runtime.threads or _torch_threads()) if "threads" in extractor.uses else None,
        workers=workers,
    )


def describe_settings(runtime: Runtime) -> str:
    """Return the settings of a runtime that are set, in words."""
    settings = options.option_values(runtime).items()
    return ", ".join(f"{name}={setting}" for name, setting in settings if setting not in (None, False))


def describe_machine(extractor: FeatureExtractor, runtime: Runtime, backend: str = "") -> str:
    """Return a description of what computes: versions of the network libraries, device and its capability.

    Features computed by machines with equal descriptions are equal bit for bit; others may differ by rounding.

    Args:
        extractor: what computes.
        runtime: how.
        backend: what runs its network, if that is not torch.
    """
    libraries = package_versions(extractor)
    names = [f"{name} {libraries[name]}" for name in ("torch", "timm") if name in libraries]
    return ", ".join([*names, *filter(None, [backend]), _describe_device(runtime.device)])


def _describe_device(device: str | None) -> str:
    if device is None:
        return platform.machine()
    import torch

    if device == "cuda":
        major, minor = torch.cuda.get_device_capability()
        return f"{torch.cuda.get_device_name()} (capability {major}.{minor})"
    if device == "mps":
        return f"mps on {platform.machine()}"
    return f"{platform.machine()} with {torch.backends.cpu.get_cpu_capability()}"


def _torch_threads() -> int:
    import torch

    return torch.get_num_threads()


def _choose_device() -> str:
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _choose_precision(device: str) -> str:
    """Return bfloat16 on hardware that computes faster with it than with float32."""
    import torch

    if device == "cuda":
        fast = torch.cuda.is_available() and torch.cuda.get_device_capability() >= CUDA_CAPABILITY
    else:
        fast = device == "cpu" and _has_fast_bfloat16()
    return "bfloat16" if fast else "float32"


def _has_fast_bfloat16() -> bool:
    """Whether the processor has tile matrix units (Intel AMX), or is one of AMD's with AVX-512 BF16.

    Measured by tests/benchmarks/extraction.py: with AVX-512 BF16, AMD's Zen 5 extracts 1.6 times as fast as in float32,
    while Intel's without AMX takes 1.8 times as long for a convolution. torch offers no public way to ask.
    """
    import torch

    amx = getattr(torch.cpu, "_is_amx_tile_supported", bool)()
    avx512 = getattr(torch.cpu, "_is_avx512_bf16_supported", bool)()
    return bool(amx or (avx512 and "AuthenticAMD" in _processor_vendor()))


def _processor_vendor() -> str:
    """Return a text with the identification of the processor's vendor, as far as the system tells it."""
    try:
        return Path("/proc/cpuinfo").read_text("utf-8", "replace")[:1000]
    except OSError:
        return platform.processor()


def _choose_backend(runtime: Runtime, device: str) -> str:
    """Return OpenVINO where it is installed, on the kind of processor on which it was compared with torch."""
    if runtime.backend == OPENVINO and device != "cpu":
        raise CoveyError(f"The backend {OPENVINO} computes on the CPU and not on {device}: choose one of them.")
    if runtime.backend or runtime.compile:
        return runtime.backend or TORCH
    is_usable = device == "cpu" and platform.machine() in _X86_64 and importlib.util.find_spec(OPENVINO) is not None
    return OPENVINO if is_usable else TORCH


def _choose_compile(runtime: Runtime, device: str, backend: str | None, images: int) -> bool:
    if runtime.compile and backend == OPENVINO:
        raise CoveyError(f"The setting compile is for the backend {TORCH}, not for {OPENVINO}: choose one of them.")
    if runtime.compile is not None:
        return runtime.compile
    return backend != OPENVINO and images >= COMPILE_FROM and _has_compiler(device)


def _has_compiler(device: str) -> bool:
    """Whether torch.compile can work: it needs a C++ compiler, Python's headers and, for CUDA, Triton."""
    compiler = any(map(shutil.which, ("g++", "clang++", "cl")))
    headers = (Path(sysconfig.get_path("include")) / "Python.h").is_file()
    triton = device != "cuda" or importlib.util.find_spec("triton") is not None
    return device != "mps" and compiler and headers and triton
