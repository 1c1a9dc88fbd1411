"""What a session remembers of the page Data."""

from __future__ import annotations

from pathlib import Path

import attrs

from covey_dashboard.state.widget import Widget, recall_object


@attrs.define(eq=False)
class DataState:
    """The page Data: why a dataset could not be opened, "" if it could."""

    problem: str = ""

    location = Widget[str]("data.location")
    recent = Widget[str | None]("data.recent")
    embedding = Widget[str]("data.embedding")
    second = Widget[str]("data.second")

    @classmethod
    def recall(cls) -> DataState:
        """Return the state of this session."""
        return recall_object(cls, "", cls)

    @staticmethod
    def folder_key(folder: Path) -> str:
        """The key of the button that chooses a folder of images."""
        return f"use {folder}"
