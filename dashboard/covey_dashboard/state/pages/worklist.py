"""What a session remembers of the page Work-list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from covey_dashboard.data.worklist_session import WorklistSession
from covey_dashboard.state.widget import Widget, recall_object

if TYPE_CHECKING:
    from covey_dashboard.data.datasets import OpenEmbedding


@attrs.define(eq=False)
class WorklistState:
    """The page Work-list, for one embedding."""

    session: WorklistSession = attrs.field(factory=WorklistSession)

    class_key = "worklist.class"
    most = Widget[int]("worklist.most")
    gallery_key = "worklist.gallery"
    accept_key = "worklist.accept"
    skip_key = "worklist.skip"
    bring_back_key = "worklist.bring_back"

    @classmethod
    def recall(cls, opened: OpenEmbedding) -> WorklistState:
        """Return the state of this session for an embedding."""
        return recall_object(cls, opened.identity, cls)
