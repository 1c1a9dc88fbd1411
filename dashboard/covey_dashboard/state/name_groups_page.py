"""What a session remembers of the page Name groups."""

from __future__ import annotations

import attrs

from covey_dashboard.state.widget import Widget, recall_object


@attrs.define(eq=False)
class NameGroupsState:
    """The page Name groups, for one clustering: by group, the action that named it, and what went wrong."""

    action_by_group: dict[int, int] = attrs.field(factory=dict)
    note_by_group: dict[int, str] = attrs.field(factory=dict)

    sheet_key = "name_groups.sheet"

    @classmethod
    def recall(cls, identity: str) -> NameGroupsState:
        """Return the state of this session for a clustering."""
        return recall_object(cls, identity, cls)

    @staticmethod
    def grouping(location: str) -> Widget[str]:
        """Return the list of clusterings of a dataset."""
        return Widget(f"name_groups.grouping {location}")
