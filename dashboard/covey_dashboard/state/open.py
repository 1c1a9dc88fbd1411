"""What all pages show: the dataset and embedding that are open."""

from __future__ import annotations

import attrs
import streamlit as st

from covey_dashboard.state.widget import recall_object

PARAMETERS = {"dataset": "dataset", "embedding": "embedding", "second": "other", "view": "view"}
"""The parameter of the address for each field of OpenState."""


@attrs.define(eq=False)
class OpenState:
    """What all pages show: a dataset, an embedding, and a second one joined with it; "" for none.

    `view` is what a person has set on the page Explore, as it stands in the address of all pages.
    """

    dataset: str
    embedding: str
    second: str
    view: str = ""
    is_checked: bool = False
    """Whether the dataset in the address was found to be one that may be opened."""

    @classmethod
    def recall(cls) -> OpenState:
        """Return the state of this session, which begins with what the address says."""
        return recall_object(cls, "", cls._from_address)

    @classmethod
    def _from_address(cls) -> OpenState:
        text_by_field = {field: st.query_params.get(parameter, "") for field, parameter in PARAMETERS.items()}
        return cls(is_checked=False, **text_by_field)

    def write_address(self, has_dataset: bool = True) -> None:
        """Write what is open into the address, where a reload and a bookmark find it.

        Args:
            has_dataset: whether the address names the dataset; not if only one can be opened.
        """
        for field, parameter in PARAMETERS.items():
            name = getattr(self, field) if has_dataset or field != "dataset" else ""
            if name and st.query_params.get(parameter) != name:
                st.query_params[parameter] = name
            elif not name and parameter in st.query_params:
                del st.query_params[parameter]

    def write_view(self) -> None:
        """Write what is set on the page Explore into the address."""
        if self.view and st.query_params.get(PARAMETERS["view"]) != self.view:
            st.query_params[PARAMETERS["view"]] = self.view
