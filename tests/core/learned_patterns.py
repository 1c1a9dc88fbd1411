"""The module with which CONTRIBUTING.md explains extractors that learn."""

from __future__ import annotations

from tests.core.test_contributing import EXAMPLE, PAGE

PATTERNS = next(
    example["text"] for example in EXAMPLE.finditer(PAGE.read_text("utf-8")) if "patterns" in example["name"]
)
