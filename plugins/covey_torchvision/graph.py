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
        node_by_layer = self._nodes
        with torch.inference_mode():
            output_by_node: dict[str, Tensor] = self._cut(list(node_by_layer.values()))(
                torch.zeros(2, 3, *self.preprocessing.size)
            )
        shape_by_node = shapes_of(output_by_node)
        return {layer: shape_by_node[node] for layer, node in node_by_layer.items() if node in shape_by_node}

    def tap(self, layers: Sequence[str]) -> Forward:
        """Return the network cut after the last of `layers`."""
        tapped_nodes = [self._nodes[layer] for layer in layers]
        cut_module = _clone_outputs(self._cut(tapped_nodes))

        def forward(images: Tensor) -> list[Tensor]:
            output_by_node: dict[str, Tensor] = cut_module(images)
            return [output_by_node[node] for node in tapped_nodes]

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
    *_, output_node = module.graph.nodes  # its method of this name is younger than torch 2.4
    node_by_name = cast(dict[str, Node], output_node.args[0])
    copy_by_name = {}
    for name, node in node_by_name.items():
        with module.graph.inserting_after(node):
            copy_by_name[name] = module.graph.call_method("clone", (node,))
    output_node.args = (copy_by_name,)
    module.recompile()
    return module


def _enclosing_modules(node: str) -> list[str]:
    """Return the modules that enclose a node, the outermost first, and the node itself."""
    names = node.split(".")
    return [".".join(names[: end + 1]) for end in range(len(names))]
