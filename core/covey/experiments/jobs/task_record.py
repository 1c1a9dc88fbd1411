"""What tasks have in common: a record in JSON, and how they ended."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

TaskRecord = Mapping[str, object]
"""The JSON object that holds a task."""


@attrs.frozen
class Outcome:
    """How a task ended, in sentences, and whether all of it was done."""

    message: str
    is_complete: bool
