"""What a session remembers of the page Compare."""

from __future__ import annotations

import attrs
import streamlit as st

from covey_dashboard.data.selection import AllImages, ImagesOfCluster, Selection
from covey_dashboard.state.widget import Widget, recall_object


@attrs.frozen
class ImagesInFlow:
    """The images in a cluster on the left, in one on the right, or, if both are given, in both."""

    left: int | None
    right: int | None

    @property
    def in_words(self) -> str:
        """What is selected, in words."""
        sides = [("left", self.left), ("right", self.right)]
        return ", ".join(
            f"{ImagesOfCluster(cluster).in_words} on the {side}" for side, cluster in sides if cluster is not None
        )


@attrs.define(eq=False)
class CompareState:
    """The page Compare, for two results: what is selected on which of the two sides."""

    side: int = 0
    selection: Selection | ImagesInFlow = attrs.field(factory=AllImages)

    gallery_key = "compare.gallery"
    agreement_key = "compare.agreement"
    people_gallery_key = "compare.people_gallery"
    flow_key = "compare.flow"
    difference_key = "compare.difference"
    first_person = Widget[str]("compare.first_person")
    second_person = Widget[str]("compare.second_person")

    @classmethod
    def recall(cls, pair: str) -> CompareState:
        """Return the state of this session for two results."""
        return recall_object(cls, pair, cls)

    def take_flow(self) -> None:
        """Select what a person picked in the diagram of flows; picked again, it is no longer selected."""
        pick = st.session_state[self.flow_key]["picked"]
        flow = ImagesInFlow(pick["left"], pick["right"])
        self.selection = AllImages() if flow == self.selection else flow
        self.side = int(flow.left is None)

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
