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
from covey._base.files import read_text, write_text
from covey._base.text import preview
from covey.components import options
from covey.components.contracts import FeatureExtractor
from covey.components.versions import package_versions

E = TypeVar("E", bound=FeatureExtractor)
_WILD = frozenset("*?[")


def expand_wildcards(extractor: E, cache: Path) -> E:
    """Return the extractor with each wildcard among its layers replaced by the layers that match it.

    `layer3.*.conv3` stands for all layers that `fnmatch` matches, in the order of computation.

    Args:
        extractor: with or without wildcards.
        cache: JSON file with the layers of models, so that only the first run has to load the model.

    Raises:
        CoveyError: no layer matches a wildcard, or the layers cannot be listed.
    """
    plural = options.plural_option(type(extractor))
    names = getattr(extractor, plural.name) if plural else ()
    if plural is None or not any(map(_is_wild, names)):
        return extractor
    available = _list_layers(extractor, plural.name, cache)
    layers = [
        layer for name in names for layer in (_match_layers(name, available, extractor) if _is_wild(name) else [name])
    ]
    return options.evolve(extractor, **{plural.name: tuple(layers)})


def _is_wild(name: Any) -> bool:
    return isinstance(name, str) and not _WILD.isdisjoint(name)


def _match_layers(wildcard: str, available: Sequence[str], extractor: FeatureExtractor) -> list[str]:
    matches = [layer for layer in available if fnmatchcase(layer, wildcard)]
    if not matches:
        raise CoveyError(
            f"No layer of {extractor.name} matches {wildcard!r}: there are {preview(available)}"
            f" (`covey layers {extractor.name}` lists all in a terminal)."
        )
    return matches


def _list_layers(extractor: FeatureExtractor, plural: str, cache: Path) -> list[str]:
    key = _cache_key(extractor, plural)
    layers_by_key = _read_cache(cache)
    if key not in layers_by_key:
        layers_by_key[key] = list(extractor.available_layers())
        write_text(cache, json.dumps(layers_by_key, indent=1))
    return layers_by_key[key]


def _cache_key(extractor: FeatureExtractor, plural: str) -> str:
    """Return a hash of what decides which layers there are: all options but the layers, and library versions."""
    settings = {name: value for name, value in options.option_values(extractor).items() if name != plural}
    return digest([extractor.name, extractor.version, settings, package_versions(extractor)])


def _read_cache(path: Path) -> dict[str, list[str]]:
    """Return the layers in a cache file; none if it is missing or damaged."""
    with suppress(OSError, ValueError, RecursionError):
        content = json.loads(read_text(path))
        if isinstance(content, dict):
            return content
    return {}
