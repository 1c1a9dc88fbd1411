"""Converted networks on disk, so that the next process need not convert them again."""

from __future__ import annotations

import hashlib
import inspect
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from torch import nn

from covey._base.digests import digest, hash_file
from covey._base.files import make_folder
from covey._base.user_folders import user_cache_folder

if TYPE_CHECKING:
    from openvino import Core, Model

MOST_BYTES = 2 << 30
_PLAIN = (bool, int, float, str, tuple, type(None))
_LIBRARIES = ("torch", "torchvision", "timm", "open-clip-torch", "openvino")


class ConversionCache:
    """Networks of one module with some layers, as OpenVINO reads them.

    Args:
        module: what is converted.
        layers: names of its outputs.
    """

    def __init__(self, module: nn.Module, layers: Sequence[str]) -> None:
        self._folder = user_cache_folder() / "openvino"
        self._key = digest([*_describe_module(module), *layers, *map(_version, _LIBRARIES)])

    def read(self, core: Core, description: str) -> Model | None:
        """Return a network; None if there is none that can be read."""
        path = self._path(description)
        with suppress(OSError, RuntimeError):
            model = core.read_model(path, path.with_suffix(".bin"))
            path.touch()
            return model
        return None

    def write(self, model: Model, description: str) -> None:
        """Write a network.

        Raises:
            CoveyError: the folder cannot be created.
            OSError, RuntimeError: a file cannot be written.
        """
        from openvino import save_model

        path = self._path(description)
        unfinished = make_folder(self._folder) / f"{path.stem}.{os.getpid()}.xml"
        try:
            save_model(model, unfinished, compress_to_fp16=False)
            for suffix in (".bin", ".xml"):
                with suppress(PermissionError):  # Windows keeps what another process has opened: the same network
                    unfinished.with_suffix(suffix).replace(path.with_suffix(suffix))
        finally:
            _delete_network(unfinished)
        self._delete_oldest()

    def _path(self, description: str) -> Path:
        return self._folder / f"{digest([self._key, description])[:32]}.xml"

    def _delete_oldest(self) -> None:
        """Delete the networks that were used longest ago, beyond `MOST_BYTES`; other processes write and delete too."""
        total = 0
        for path in sorted(self._folder.glob("*.xml"), key=_last_use, reverse=True):
            with suppress(FileNotFoundError):
                total += path.with_suffix(".bin").stat().st_size
            if total > MOST_BYTES:
                _delete_network(path)


def _last_use(path: Path) -> float:
    with suppress(FileNotFoundError):
        return path.stat().st_mtime
    return 0


def _delete_network(path: Path) -> None:
    with suppress(OSError):  # Windows keeps files that another process has opened
        for file in (path, path.with_suffix(".bin")):
            file.unlink(missing_ok=True)


def _describe_module(module: nn.Module) -> Iterator[str]:
    """Yield all that the outputs of a module depend on: its weights, its parts with their settings, and their code."""
    weights = hashlib.sha256()
    for _, tensor in [*module.named_parameters(), *module.named_buffers()]:
        weights.update(tensor.detach().contiguous().cpu().numpy().data)
    yield weights.hexdigest()
    for name, part in module.named_modules():
        yield f"{name} {type(part).__qualname__} {part.extra_repr()} {_settings(part)}"
    classes = {type(part) for part in module.modules()}
    for path in sorted({path for kind in classes for path in _source_file(kind)}):
        yield hash_file(path)


def _settings(part: nn.Module) -> list[tuple[str, object]]:
    """Return the settings of a part that are neither weights nor parts of their own, such as a number of heads."""
    return sorted((name, setting) for name, setting in vars(part).items() if isinstance(setting, _PLAIN))


def _source_file(kind: type[nn.Module]) -> tuple[Path, ...]:
    """Return the file with the code of a class; none if it was made by a program."""
    with suppress(OSError, TypeError):
        return (Path(inspect.getfile(kind)),)
    return ()


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""
