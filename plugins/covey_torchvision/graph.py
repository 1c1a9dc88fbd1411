"""Networks tapped at the nodes of their graph: modules, and also sums, concatenations and activations."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import cast

import torch
from torch import Tensor
from torch.fx import GraphModule, Node
from torchvision.models.feature_extraction import create_feature_extractor, get_graph_node_names

from covey.extraction.networks import Forward, Network, shapes_of


class Graph(Network):
    """A network whose layers are the nodes of its graph and its modules; the output of a module is its last node."""

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the layers in the order of computation, with the shape of their output for two images."""
        nodes = self._nodes
        with torch.inference_mode():
            outputs: dict[str, Tensor] = self._cut(list(nodes.values()))(torch.zeros(2, 3, *self.preprocessing.size))
        shapes = shapes_of(outputs)
        return {layer: shapes[node] for layer, node in nodes.items() if node in shapes}

    def tap(self, layers: Sequence[str]) -> Forward:
        """Return the network cut after the last of `layers`."""
        nodes = [self._nodes[layer] for layer in layers]
        module = _clone_outputs(self._cut(nodes))

        def forward(images: Tensor) -> list[Tensor]:
            outputs: dict[str, Tensor] = module(images)
            return [outputs[node] for node in nodes]

        return forward

    @cached_property
    def _nodes(self) -> dict[str, str]:
        """Return the node that computes the output of each layer, in the order of computation."""
        node_names: list[str] = get_graph_node_names(self.module, suppress_diff_warning=True)[1]
        _, *nodes = node_names
        last_nodes: dict[str, str] = {}
        for node in reversed(nodes):
            for layer in _enclosing_modules(node):
                last_nodes.setdefault(layer, node)
        return dict(reversed(last_nodes.items()))

    def _cut(self, nodes: Sequence[str]) -> GraphModule:
        node_names = list(dict.fromkeys(nodes))
        module: GraphModule = create_feature_extractor(
            self.module, train_return_nodes=[], eval_return_nodes=node_names, suppress_diff_warning=True
        )
        module.eval()
        return module


def _clone_outputs(module: GraphModule) -> GraphModule:
    """Make the outputs copies, because a later node may write into the tensor of an earlier one."""
    output = module.graph.output_node()
    nodes = cast(dict[str, Node], output.args[0])
    copies = {}
    for name, node in nodes.items():
        with module.graph.inserting_after(node):
            copies[name] = module.graph.call_method("clone", (node,))
    output.args = (copies,)
    module.recompile()
    return module


def _enclosing_modules(node: str) -> list[str]:
    """Return the modules that enclose a node, the outermost first, and the node itself."""
    names = node.split(".")
    return [".".join(names[: end + 1]) for end in range(len(names))]
