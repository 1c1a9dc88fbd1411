"""What a session remembers of the page Run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from covey_dashboard.state.widget import Widget, recall_object

if TYPE_CHECKING:
    from covey.frontend import Kind


@attrs.define(eq=False)
class RunState:
    """The page Run: why a button did not do what it says, "" if it did."""

    problem: str = ""

    start_key = "run.start"
    runtime_form_key = "run.runtime"
    join_key = "run.join"
    join_form_key = "run.join.form"
    engine = Widget[str]("run.engine")
    learn_again = Widget[bool]("run.learn_again")

    @classmethod
    def recall(cls) -> RunState:
        """Return the state of this session."""
        return recall_object(cls, "", cls)

    @staticmethod
    def components(kind: Kind) -> Widget[list[str]]:
        """Return the list of components of one kind."""
        return Widget(f"run.{kind}")

    @staticmethod
    def form_key(kind: Kind, full_name: str) -> str:
        """Return the key of the form of a component."""
        return f"run.{kind}.{full_name}"

    @staticmethod
    def fetch_key(kind: Kind, full_name: str) -> str:
        """Return the key of the button that fetches what a component needs."""
        return f"run.fetch.{kind}.{full_name}"

    @staticmethod
    def job_key(job: str, button: str) -> str:
        """Return the key of a button of a run."""
        return f"run.job.{job}.{button}"
