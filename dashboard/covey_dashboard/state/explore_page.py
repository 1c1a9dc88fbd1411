"""What a session remembers of the page Explore."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from covey.frontend import digest
from covey_dashboard.data.selection import AllImages, Selection
from covey_dashboard.state.widget import Widget, recall_object

if TYPE_CHECKING:
    from covey import Clusterer, Labels
    from covey_dashboard.data.datasets import OpenEmbedding


@attrs.define(eq=False)
class ExploreState:
    """The page Explore, for one embedding: what is selected, and what was computed last.

    `clusterers` has the last valid clusterer of each form. `numbered` has the labels of the last clustering, as they
    were computed and with the numbers under which they are shown.
    """

    identity: str
    location: str
    selection: Selection = attrs.field(factory=AllImages)
    clusterers: dict[str, Clusterer] = attrs.field(factory=dict)
    numbered: tuple[Labels, Labels] | None = None

    colour_key = "explore.colour"
    noise_key = "explore.noise"
    labelled_key = "explore.labelled"

    @classmethod
    def recall(cls, opened: OpenEmbedding) -> ExploreState:
        """Return the state of this session for an embedding."""
        return recall_object(cls, opened.identity, lambda: cls(opened.identity, opened.location))

    @property
    def embedding(self) -> Widget[str]:
        """The list of embeddings."""
        return Widget(f"explore.embedding {self.location}")

    @property
    def clusterer(self) -> Widget[str]:
        """The list of clusterers."""
        return Widget(f"explore.clusterer {self.identity}")

    @property
    def selected(self) -> Widget[Selection | str]:
        """The list of selections; Streamlit gives a text for an entry that has vanished from it meanwhile."""
        return Widget(f"explore.selected {self.identity}")

    @property
    def search(self) -> Widget[str]:
        """The field for a text in the names."""
        return Widget(f"explore.search {self.identity}")

    def form_key(self, clusterer: str) -> str:
        """Return the key of the form of a clusterer: a digest, for Streamlit allows no "__" in keys of components."""
        return digest([clusterer, self.identity])
