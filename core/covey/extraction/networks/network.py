"""A network whose layers can be tapped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from covey.extraction.networks.preprocessing import Preprocessing

Forward = Callable[[Tensor], Sequence[Tensor]]
"""From images (b, 3, h, w) to the output of each tapped layer, as the layer gives it."""
_ODD_SIZE = (153, 203)


class Network:
    """A network in evaluation mode, and how its input must be prepared.

    Args:
        module: takes images (b, 3, h, w) float32.
        name: as users know it.
        preprocessing: how images must be prepared for its weights.
    """

    def __init__(self, module: nn.Module, name: str, preprocessing: Preprocessing) -> None:
        self.module = module.eval()
        self.name = name
        self.preprocessing = preprocessing

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the layers that can be tapped, in the order of computation, with output shapes for two images."""
        outputs: dict[str, Any] = {}
        names = [name for name, _ in self.module.named_modules() if name]
        with _hooks(self.module, names, outputs.setdefault), torch.inference_mode():
            self.module(torch.zeros(2, 3, *self.preprocessing.size))
        return shapes_of(outputs)

    def tap(self, layers: Sequence[str]) -> Forward:
        """Return a function that runs the network up to the last of `layers`, which must be keys of `shapes()`."""
        outputs: dict[str, Tensor] = {}
        running = False

        def keep(name: str, output: Tensor) -> None:
            if not running:
                return
            if name not in outputs:
                outputs[name] = output.clone()  # what follows may write into it
            if len(outputs) == len(layers) and not torch.compiler.is_compiling():  # a compiler sees that it is unused
                raise _LastLayerReached

        def forward(images: Tensor) -> list[Tensor]:
            nonlocal running
            outputs.clear()
            running = True
            try:
                with suppress(_LastLayerReached):
                    self.module(images)
            finally:
                running = False
            return [outputs.pop(name) for name in layers]

        _add_hooks(self.module, layers, keep)
        return forward

    def takes_any_size(self) -> bool:
        """Whether it works on images of an odd size that are not square."""
        with torch.inference_mode():
            try:
                self.module(torch.zeros(1, 3, *_ODD_SIZE))
            except Exception:  # each network refuses in its own way
                return False
        return True


class _LastLayerReached(Exception):
    """The last tapped layer has been computed."""


def shapes_of(outputs: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Return the shapes of outputs for two images that can be pooled: float tensors with 2 to 4 axes, images first."""
    tensors = {name: output for name, output in outputs.items() if isinstance(output, Tensor)}
    shapes = {name: tuple(output.shape) for name, output in tensors.items() if output.is_floating_point()}
    return {name: shape for name, shape in shapes.items() if 2 <= len(shape) <= 4 and shape[0] == 2}


def _add_hooks(module: nn.Module, names: Sequence[str], keep: Callable[[str, Any], Any]) -> list[RemovableHandle]:
    def add(name: str) -> RemovableHandle:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            keep(name, output)

        return module.get_submodule(name).register_forward_hook(hook)

    return [add(name) for name in names]


@contextmanager
def _hooks(module: nn.Module, names: Sequence[str], keep: Callable[[str, Any], Any]) -> Iterator[None]:
    """Call keep(name, output) inside the block whenever one of the named modules has computed."""
    handles = _add_hooks(module, names, keep)
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
