"""What a session remembers of the page Name groups."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from covey.frontend import Action
from covey_dashboard.server.group_names import GroupNames
from covey_dashboard.state.widget import Widget, recall_object


@attrs.frozen
class GivenClass:
    """The class that a person gave to images of a group, by its name, and the action that it was."""

    action: Action
    label: str
    names: Sequence[str]


@attrs.define(eq=False)
class NameGroupsState:
    """The page Name groups, for one clustering: by group, the class that it was given, and what went wrong.

    `names` answers the names that are sent from the page.
    """

    given_by_group: dict[int, GivenClass] = attrs.field(factory=dict)
    note_by_group: dict[int, str] = attrs.field(factory=dict)
    names: GroupNames = attrs.field(factory=GroupNames)

    sheet_key = "name_groups.sheet"
    keep_key = "name_groups.keep"

    @classmethod
    def recall(cls, identity: str) -> NameGroupsState:
        """Return the state of this session for a clustering."""
        return recall_object(cls, identity, cls)

    @staticmethod
    def grouping(location: str) -> Widget[str]:
        """Return the list of clusterings of a dataset."""
        return Widget(f"name_groups.grouping {location}")
