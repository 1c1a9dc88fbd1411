"""File names for what others named: safe on every system, and never two that one system takes for the same."""

from __future__ import annotations

import re
import unicodedata

import attrs

LONGEST = 150
"""Bytes of one part of a path, without its ending."""
_UNSAFE = re.compile(r'[<>:"|?*\\\x00-\x1f\x7f\ud800-\udfff]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


@attrs.frozen
class FileNames:
    """Gives out names in one folder."""

    _reserved_names: set[str] = attrs.field(factory=set, init=False)

    def reserve_path(self, name: str, ending: str) -> str:
        """Return a relative path with this ending that stays in the folder and was not given before."""
        stem = safe_path(name)
        candidate, suffix_number = stem + ending, 1
        while fold_case(candidate) in self._reserved_names:
            suffix_number += 1
            candidate = f"{stem}~{suffix_number}{ending}"
        self._reserved_names.add(fold_case(candidate))
        return candidate


def safe_path(name: str) -> str:
    """Return a relative path that stays in its folder and that every system can write."""
    return "/".join(_safe(part) for part in name.split("/"))


def _safe(part: str) -> str:
    safe = _UNSAFE.sub("-", part).encode()[:LONGEST].decode(errors="ignore").strip(". ") or "-"
    return f"-{safe}" if _RESERVED.fullmatch(safe) else safe


def fold_case(name: str) -> str:
    """Return what is the same for names that some system cannot tell apart."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
