"""How to compute: the settings of `[runtime]`."""

from __future__ import annotations

from typing import Literal

from covey.components.contracts.component_contract import Component
from covey.components.options import component, option

RuntimeSetting = Literal["device", "precision", "threads", "backend", "compile"]
"""A setting of `Runtime` that only some extractors obey."""


@component
class Runtime(Component):
    """How to compute, not what: nothing here changes a result beyond rounding.

    Settings left at None are decided from the hardware and the number of images before an extractor sees them; an
    extractor that is handed None computes as usual: on the CPU, in float32, by torch, not compiled.
    """

    name = "runtime"

    device: str | None = option(
        default=None,
        choices=("cpu", "cuda", "mps"),
        none="automatic",
        help="What computes; none takes a GPU where there is one.",
    )
    precision: str | None = option(
        default=None,
        choices=("float32", "bfloat16"),
        none="automatic",
        help="Numbers in the network; none takes bfloat16 on GPUs and processors that have units for it.",
    )
    backend: str | None = option(
        default=None,
        choices=("openvino", "torch"),
        none="automatic",
        help="What runs networks; none takes OpenVINO on a processor of the kind x86-64 if it is installed, which is"
        " about twice as fast, and torch elsewhere and for networks that OpenVINO does not know.",
    )
    compile: bool | None = option(
        default=None,
        none="automatic",
        help="Whether torch compiles the network first, which takes a while; none does so for many images of one size"
        " if torch runs it and a compiler is installed.",
    )
    batch_size: int | None = option(
        default=None,
        ge=1,
        none="automatic",
        help="Images that go through the network at once; of large ones, fewer. Larger batches need more memory.",
    )
    threads: int | None = option(
        default=None,
        ge=1,
        none="automatic",
        help="Threads of one forward pass; none takes one a core. More threads use more cores.",
    )
    workers: int | None = option(
        default=None,
        ge=1,
        none="automatic",
        help="Threads that decode images; none takes one a core. More help where disks are slow.",
    )
    compress: bool = option(
        default=False, help="Whether result files are compressed: smaller, and slower to open where they are large."
    )
    strict: bool = option(
        default=False,
        help="Whether features that were computed on different machines or library versions are refused in one table.",
    )
