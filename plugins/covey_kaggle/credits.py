"""The recordists and licences of the recordings behind a dataset."""

from __future__ import annotations

from collections import Counter

from covey.authoring import Metadata, read_licence

_KAGGLE_NAMES = {
    *("CC0-1.0", "CC-BY-3.0", "CC-BY-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0"),
    *("CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", "CC-BY-ND-4.0", "CC-BY-NC-ND-4.0"),
}
"""Kaggle's names of the Creative Commons licences that it knows."""


def common_licence(metadata: Metadata) -> str:
    """Return Kaggle's name of the licence that all recordings share: "other" if they differ, "unknown" without any."""
    licence_names = set(count_licences(metadata))
    if not licence_names:
        return "unknown"
    return licence_names.pop() if len(licence_names) == 1 and licence_names <= _KAGGLE_NAMES else "other"


def count_licences(metadata: Metadata) -> Counter[str]:
    """Return the number of recordings for each licence."""
    return Counter(read_licence(str(text)).code for text in metadata.columns.get("lic", ()) if text)


def count_recordists(metadata: Metadata) -> Counter[str]:
    """Return the number of recordings for each recordist."""
    return Counter(str(name) for name in metadata.columns.get("rec", ()) if name)
