"""Networks whose parameters have shapes and types alone, for tests that ask how large they are."""

from __future__ import annotations

import pytest
from torch import nn

_register = nn.Module.register_parameter


def _register_without_memory(module: nn.Module, name: str, parameter: nn.Parameter | None) -> None:
    _register(module, name, None if parameter is None else nn.Parameter(parameter.to("meta"), parameter.requires_grad))


def make_weightless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have networks made without memory for parameters; what else they compute, torch's meta device may not know."""
    monkeypatch.setattr(nn.Module, "register_parameter", _register_without_memory)
