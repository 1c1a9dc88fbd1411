"""What a session remembers of the page Explore."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from covey.frontend import digest
from covey_dashboard.data.selection import AllImages, Selection
from covey_dashboard.state.widget import Widget, recall_object

if TYPE_CHECKING:
    from concurrent.futures import Future

    from covey import Clusterer, Labels
    from covey_dashboard.data.clusterings import Groups
    from covey_dashboard.data.datasets import OpenEmbedding
    from covey_dashboard.data.image_filters.filters import Filter
    from covey_dashboard.state.view_address import AddressedView


@attrs.define(eq=False)
class ExploreState:
    """The page Explore, for one embedding: what a person has set, and what is seen.

    `clusterer` is what is to find the groups, `groups` are those that are shown, with the numbers (n,) under which
    they are shown. `form_round` makes the form of the clusterer begin anew, `list_round` the list of groupings,
    `selection_round` that of selections.
    `hidden` are the numbers of hidden groups. `notice` says what became of a click or of the address. `addressed` is
    what the address says of groups that are not there yet, `removed_at_first` the images that it removes;
    `is_from_address` whether it was read. `keeping` ends, with what to say, when the groups are kept.
    """

    identity: str
    location: str
    clusterer: Clusterer | None = None
    form_round: int = 0
    list_round: int = 0
    selection_round: int = 0
    groups: Groups | None = None
    numbers: Labels | None = None
    selection: Selection = attrs.field(factory=AllImages)
    hidden: frozenset[int] = frozenset()
    filters: dict[str, Filter] = attrs.field(factory=dict)
    notice: str = ""
    addressed: AddressedView | None = None
    removed_at_first: list[str] = attrs.field(factory=list)
    keeping: Future[str] | None = None
    is_from_address: bool = False

    colour = Widget[str]("explore.colour")
    labelled = Widget[str]("explore.labelled")
    density = Widget[bool]("explore.density")
    name = Widget[str]("explore.name")
    change_key = "explore.change"
    keep_key = "explore.keep"
    cancel_key = "explore.cancel"
    filters_key = "explore.filters"
    filter_menu_key, map_menu_key, keep_menu_key = "explore.filter_menu", "explore.map_menu", "explore.keep_menu"
    clear_key = "explore.clear_filters"
    grow_key = "explore.grow"
    bar_key, images_key = "explore_bar", "explore_images"
    """The keys of the line above the map and of the images, which the style sheet names too."""

    @classmethod
    def recall(cls, opened: OpenEmbedding) -> ExploreState:
        """Return the state of this session for an embedding."""
        return recall_object(cls, opened.identity, lambda: cls(opened.identity, opened.location))

    @property
    def embedding(self) -> Widget[str]:
        """The list of embeddings."""
        return Widget(f"explore.embedding {self.location}")

    @property
    def grouping(self) -> Widget[str]:
        """The list of groupings that are kept, and of clusterers."""
        return Widget(f"explore.grouping {self.identity} {self.list_round}")

    @property
    def is_open(self) -> Widget[bool]:
        """Whether the options of the clusterer are shown."""
        return Widget(f"explore.open {self.identity}")

    @property
    def selected(self) -> Widget[Selection | str]:
        """The list of selections; Streamlit gives a text for an entry that has vanished from it meanwhile."""
        return Widget(f"explore.selected {self.identity} {self.selection_round}")

    @property
    def search(self) -> Widget[str]:
        """The field for a text in the names."""
        return Widget(f"explore.search {self.identity}")

    def form_key(self, clusterer: str) -> str:
        """Return the key of the form of a clusterer: a digest, for Streamlit allows no "__" in keys of components."""
        return digest([clusterer, self.identity, self.form_round])

    def begin(self, clusterer: Clusterer) -> None:
        """Look for groups with another clusterer, whose form begins with its options."""
        self.clusterer, self.form_round, self.notice = clusterer, self.form_round + 1, ""
