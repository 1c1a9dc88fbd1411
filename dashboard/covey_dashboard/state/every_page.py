"""What a session remembers of what stands on every page: the task that goes on, and the tour."""

from __future__ import annotations

import attrs

from covey_dashboard.state.widget import recall_object


@attrs.define(eq=False)
class JobBarState:
    """The bar of a task: the folder of the job that was seen at work, "" for none, and why a button failed."""

    watched: str = ""
    problem: str = ""

    cancel_key = "job_bar.cancel"
    again_key = "job_bar.again"
    close_key = "job_bar.close"
    container_key = "job_bar"

    @classmethod
    def recall(cls) -> JobBarState:
        """Return the state of this session."""
        return recall_object(cls, "", cls)


@attrs.define(eq=False)
class TourState:
    """The tour: the step that is shown; None before it begins and after it ended."""

    step: int | None = None
    is_closed: bool = False

    container_key = "tour"
    begin_key = "tour.begin"
    decline_key = "tour.decline"
    back_key = "tour.back"
    next_key = "tour.next"
    close_key = "tour.close"

    @classmethod
    def recall(cls) -> TourState:
        """Return the state of this session."""
        return recall_object(cls, "", cls)
