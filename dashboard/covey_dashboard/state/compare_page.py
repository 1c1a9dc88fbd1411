"""What a session remembers of the page Compare."""

from __future__ import annotations

import attrs

from covey_dashboard.data.selection import AllImages, Selection
from covey_dashboard.state.widget import recall_object


@attrs.define(eq=False)
class CompareState:
    """The page Compare, for two results: what is selected on which of the two sides."""

    side: int = 0
    selection: Selection = attrs.field(factory=AllImages)

    gallery_key = "compare.gallery"

    @classmethod
    def recall(cls, pair: str) -> CompareState:
        """Return the state of this session for two results."""
        return recall_object(cls, pair, cls)

    @staticmethod
    def result_key(place: str, location: str) -> str:
        """Return the key of the list of results for one side."""
        return f"compare.{place} {location}"

    @staticmethod
    def map_key(place: str) -> str:
        """Return the key of the map on one side."""
        return f"compare.map.{place}"

    @staticmethod
    def measure_key(location: str) -> str:
        """Return the key of the switch that has all clusterings measured."""
        return f"compare.measure {location}"
