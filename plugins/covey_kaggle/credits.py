"""Whose recordings a dataset is made of, and what may be done with them."""

from __future__ import annotations

import re
from collections import Counter

from covey.authoring import Metadata

_URL = re.compile(
    r"creativecommons\.org/(?:licenses|publicdomain)/(?P<kind>[a-z-]+)/(?P<version>\d\.\d)", re.IGNORECASE
)
_KNOWN = {
    *("CC0-1.0", "CC-BY-3.0", "CC-BY-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0"),
    *("CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", "CC-BY-ND-4.0", "CC-BY-NC-ND-4.0"),
}
"""The Creative Commons licences that Kaggle knows by name."""


def licence(metadata: Metadata) -> str:
    """Return Kaggle's name of the licence of all recordings: "other" where they differ, "unknown" without any."""
    names = set(licences(metadata))
    if not names:
        return "unknown"
    return names.pop() if len(names) == 1 and names <= _KNOWN else "other"


def licences(metadata: Metadata) -> Counter[str]:
    """Return how many recordings there are of each licence."""
    return Counter(_name(str(text)) for text in metadata.columns.get("lic", ()) if text)


def recordists(metadata: Metadata) -> Counter[str]:
    """Return how many recordings there are by each recordist."""
    return Counter(str(name) for name in metadata.columns.get("rec", ()) if name)


def _name(text: str) -> str:
    match = _URL.search(text)
    if match is None:
        return text
    kind = match["kind"].upper()
    return f"CC0-{match['version']}" if kind == "ZERO" else f"CC-{kind}-{match['version']}"
