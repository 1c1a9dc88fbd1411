"""Wildcards among the layers of an extractor."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeVar

from covey._base.digests import digest
from covey._base.errors import CoveyError
from covey._base.files import write_text
from covey.components import options
from covey.components.contracts import FeatureExtractor
from covey.components.versions import package_versions

E = TypeVar("E", bound=FeatureExtractor)
_WILD = frozenset("*?[")


def expand_wildcards(extractor: E, cache: Path) -> E:
    """Return the extractor with every wildcard among its layers replaced by the layers that fit it.

    `layer3.*.conv3` stands for the layers that `fnmatch` finds among those available, in the order of computation.
    What is available is remembered in the JSON file `cache`, so that only the first run has to load the model.

    Raises:
        CoveyError: nothing fits a wildcard, or the layers cannot be listed.
    """
    many = options.plural_option(type(extractor))
    names = getattr(extractor, many.name) if many else ()
    if many is None or not any(map(_is_wild, names)):
        return extractor
    available = _available(extractor, many.name, cache)
    layers = [layer for name in names for layer in (_fitting(name, available, extractor) if _is_wild(name) else [name])]
    return options.evolve(extractor, **{many.name: tuple(layers)})


def _is_wild(name: Any) -> bool:
    return isinstance(name, str) and not _WILD.isdisjoint(name)


def _fitting(wildcard: str, available: Sequence[str], extractor: FeatureExtractor) -> list[str]:
    fitting = [layer for layer in available if fnmatchcase(layer, wildcard)]
    if not fitting:
        raise CoveyError(
            f"No layer of {extractor.name} fits {wildcard!r}: `covey layers {extractor.name}` lists those of a model."
        )
    return fitting


def _available(extractor: FeatureExtractor, plural: str, cache: Path) -> list[str]:
    key = _key(extractor, plural)
    remembered = _read(cache)
    if key not in remembered:
        remembered[key] = list(extractor.available_layers())
        write_text(cache, json.dumps(remembered, indent=1))
    return remembered[key]


def _key(extractor: FeatureExtractor, plural: str) -> str:
    """Return a key for what decides which layers there are: the options but for the layers, and the libraries."""
    settings = {name: value for name, value in options.option_values(extractor).items() if name != plural}
    return digest([extractor.name, extractor.version, settings, package_versions(extractor)])


def _read(path: Path) -> dict[str, list[str]]:
    """Return what is remembered; nothing from a file that is missing or damaged."""
    with suppress(OSError, ValueError):
        content = json.loads(path.read_text("utf-8"))
        if isinstance(content, dict):
            return content
    return {}
