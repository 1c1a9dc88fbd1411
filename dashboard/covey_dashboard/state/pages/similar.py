"""What a session remembers of the page Find similar."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from covey_dashboard.state.widget import Widget, recall_object

if TYPE_CHECKING:
    from covey_dashboard.data.similar.search import LikeImages


@attrs.define(eq=False)
class SimilarState:
    """The page Find similar, for one dataset.

    `images` are those of the dataset that were searched for last; `next_way` is the way of searching to which the page
    changes, "" for none.
    """

    images: LikeImages | None = None
    next_way: str = ""

    way: Widget[str] = attrs.field(init=False, default=Widget("similar.way"))
    features: Widget[str] = attrs.field(init=False, default=Widget("similar.features"))
    text: Widget[str] = attrs.field(init=False, default=Widget("similar.text"))
    sound_key = "similar.sound"
    microphone_key = "similar.microphone"
    picture_key = "similar.picture"
    gallery_key = "similar.gallery"
    forget_key = "similar.forget"

    @classmethod
    def recall(cls, location: str) -> SimilarState:
        """Return the state of this session for a dataset."""
        return recall_object(cls, location, cls)
