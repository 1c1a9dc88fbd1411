"""Weights: random by a seed, or read from a file that is never unpickled."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from covey._base.errors import CoveyError, reason

_WRAPPED = "module."


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch's random numbers inside the block, and restore their state after it."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


def read_weights(path: Path) -> dict[str, Tensor]:
    """Return the state dict in a file of torch.save or safetensors.

    The state dict may be under the key "state_dict", and all its keys may begin with "module.", as DataParallel writes
    them.

    Raises:
        CoveyError: the file is missing or damaged, holds no state dict, or would have to be unpickled.
    """
    try:
        content = _read(path)
    except pickle.UnpicklingError as error:
        raise CoveyError(
            f"The weights {str(path)!r} are refused: the file is damaged, or holds more than tensors, which could run"
            " code when it is read. Save the model's state_dict() with torch.save and give that file."
        ) from error
    except Exception as error:  # torch and safetensors raise what they like over a damaged file
        raise CoveyError(
            f"The weights {str(path)!r} cannot be read ({reason(error)[:200]}): fetch it again, or give another."
        ) from error
    weights = content.get("state_dict", content) if isinstance(content, Mapping) else None
    if not isinstance(weights, Mapping) or not all(isinstance(value, Tensor) for value in weights.values()):
        raise CoveyError(f"The weights {str(path)!r} are no state dict: save the model's state_dict() with torch.save.")
    wrapped = all(key.startswith(_WRAPPED) for key in weights)
    return {key.removeprefix(_WRAPPED) if wrapped else key: value for key, value in weights.items()}


def put_weights(module: nn.Module, weights: Mapping[str, Tensor], path: Path, model: str) -> None:
    """Load weights into a module. A last layer that alone has another shape, for other classes, is removed.

    Args:
        module: gets the weights.
        weights: state dict.
        path: of the weights, for the message.
        model: name of the model, for the message.

    Raises:
        CoveyError: the weights are those of another network; the message names keys that differ.
    """
    weights = _without_head(module, weights)
    expected = module.state_dict()
    shared = expected.keys() & weights.keys()
    misfits = {
        "missing": [key for key in expected if key not in shared],
        "not expected": [key for key in weights if key not in shared],
        "of another shape": [key for key in expected if key in shared and expected[key].shape != weights[key].shape],
    }
    differences = [f"{what}: {_preview_keys(keys)}" for what, keys in misfits.items() if keys]
    if differences:
        raise CoveyError(
            f"The weights {str(path)!r} do not fit {model} ({'; '.join(differences)}): choose their own model."
        )
    module.load_state_dict(weights)


def _without_head(module: nn.Module, weights: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """Replace a last linear layer by Identity if its weights alone have another shape; return the other weights."""
    leaves = [name for name, part in module.named_modules() if name and any(True for _ in part.parameters(False))]
    name = leaves[-1] if leaves else ""
    misfits = {
        key for key, value in module.state_dict().items() if key in weights and value.shape != weights[key].shape
    }
    is_head = name and isinstance(module.get_submodule(name), nn.Linear)
    if not (misfits and is_head and misfits <= {f"{name}.weight", f"{name}.bias"}):
        return weights
    parent, _, last = name.rpartition(".")
    setattr(module.get_submodule(parent), last, nn.Identity())
    return {key: value for key, value in weights.items() if not key.startswith(f"{name}.")}


def _read(path: Path) -> Any:
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(path)
    return torch.load(path, map_location="cpu", weights_only=True)


def _preview_keys(keys: Sequence[str]) -> str:
    more_keys = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
    return ", ".join(map(repr, keys[:3])) + more_keys
