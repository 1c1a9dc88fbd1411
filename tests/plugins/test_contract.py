"""Every installed component keeps the contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from covey.components.kinds import Kind
from covey.plugins.registry import Registered, Registry
from covey.testing import check_clusterer, check_extractor, check_reducer, check_storage

OPTIONS: dict[str, dict[str, Any]] = {
    "torchvision": {"model": "ResNet18", "weights": "random", "layers": ("layer2.1.conv2", "layer3.1.conv2")},
    "timm": {"layers": ("blocks.2", "blocks.4")},
    "clip": {
        "model": "ViT-S-32-alt",
        "weights": "random",
        "layers": ("visual", "visual.transformer.resblocks.1"),
    },
}
"""Options for components whose defaults fetch weights, or leave something unchecked."""
REGISTRY = Registry.installed()


@pytest.mark.parametrize("item", REGISTRY.components, ids=lambda item: f"{item.kind}-{item.name}")
def test_every_component_keeps_its_contract(item: Registered, tmp_path: Path) -> None:
    if item.missing:
        pytest.skip(item.status)
    check(item, tmp_path, **OPTIONS.get(item.name, {}))


def test_no_installed_plugin_is_broken() -> None:
    assert REGISTRY.problems == []


def check(registered: Registered, folder: Path, **options: Any) -> None:
    cls: Any = registered.cls
    match registered.kind:
        case Kind.EXTRACTOR:
            check_extractor(cls, **options)
        case Kind.REDUCER:
            check_reducer(cls, **options)
        case Kind.CLUSTERER:
            check_clusterer(cls, **options)
        case Kind.STORAGE:
            check_storage(cls, folder, **options)
