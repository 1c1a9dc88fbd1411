"""What a session remembers of the page Start."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from covey_dashboard.state.widget import Widget, recall_object

if TYPE_CHECKING:
    from covey.frontend import Kind


@attrs.frozen
class SurveyTable:
    """What a source has: the rows of a table, how many recordings would be fetched, and the terms for many.

    `question` tells what was asked from other questions.
    """

    question: str
    rows: list[list[str]]
    chosen: int
    terms: str


@attrs.define(eq=False)
class StartState:
    """The page Start: why a button did not do what it says, where the chooser of folders is, what a source has.

    `truth_report_by_location` says what the table of labels in a dataset brought.
    """

    problem: str = ""
    browsed: str = ""
    survey: SurveyTable | None = None
    truth_report_by_location: dict[str, str] = attrs.field(factory=dict)

    location = Widget[str]("start.location")
    recent = Widget[str | None]("start.recent")
    root = Widget[str]("start.root")
    new_folder = Widget[str]("start.new_folder")
    embedding = Widget[str]("start.embedding")
    second = Widget[str]("start.second")
    preset = Widget[str | None]("start.preset")
    source = Widget[str]("start.source")
    query = Widget[str]("start.query")
    secret = Widget[str]("start.secret")
    engine = Widget[str]("start.engine")
    learn_again = Widget[bool]("start.learn_again")

    ways_key = "start_ways"
    truth_key = "start.truth"
    make_images_key = "start.make_images"
    find_groups_key = "start.find_groups"
    find_other_groups_key = "start.find_other_groups"
    count_key = "start.count"
    fetch_key = "start.fetch"
    runtime_form_key = "start.runtime"
    join_key = "start.join"
    join_form_key = "start.join.form"
    choice_form_key = "start.choice"

    @classmethod
    def recall(cls) -> StartState:
        """Return the state of this session."""
        return recall_object(cls, "", cls)

    @staticmethod
    def folder_key(folder: Path) -> str:
        """Return the key of the button that chooses a folder of images."""
        return f"use {folder}"

    @staticmethod
    def inner(folder: Path) -> Widget[str | None]:
        """Return the list of the folders in a folder."""
        return Widget(f"start.inner {folder}")

    @staticmethod
    def storage(name: str) -> Widget[str]:
        """Return the field for a dataset of a storage."""
        return Widget(f"start.storage {name}")

    @staticmethod
    def token(storage: str) -> Widget[str]:
        """Return the field for the token of a storage."""
        return Widget(f"start.token {storage}")

    @staticmethod
    def target(location: str) -> Widget[str]:
        """Return the field for the folder that gets the images of a dataset's recordings."""
        return Widget(f"start.target {location}")

    @staticmethod
    def recipe_form_key(preset: str) -> str:
        """Return the key of the form of a recipe."""
        return f"start.recipe.{preset}"

    @staticmethod
    def source_form_key(full_name: str) -> str:
        """Return the key of the form of a source."""
        return f"start.source.{full_name}"

    @staticmethod
    def components(kind: Kind) -> Widget[list[str]]:
        """Return the list of components of one kind."""
        return Widget(f"start.{kind}")

    @staticmethod
    def form_key(kind: Kind, full_name: str) -> str:
        """Return the key of the form of a component."""
        return f"start.{kind}.{full_name}"

    @staticmethod
    def missing_files_key(kind: Kind, full_name: str) -> str:
        """Return the key of the button that fetches what a component needs."""
        return f"start.files.{kind}.{full_name}"

    @staticmethod
    def job_key(job: str, button: str) -> str:
        """Return the key of a button of a job."""
        return f"start.job.{job}.{button}"
