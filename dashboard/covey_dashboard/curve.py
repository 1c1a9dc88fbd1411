"""The profile of an option as a curve: a click on it sets the value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

from covey.profiles import Profile
from covey_dashboard.component import component

_component = component("profile")


def show(profile: Profile, value: float, key: str, chosen: Callable[[Any], None]) -> None:
    """Show the number of clusters, the share of noise and that of the largest cluster along an option.

    Args:
        profile: what is shown.
        value: where the option stands.
        key: tells this curve from all others.
        chosen: told of the value that a person clicks.
    """
    places = {shown: place for place, shown in enumerate(profile.values)}
    data = {
        "title": f"Clusters along {profile.option}",
        "values": list(profile.values),
        "current": nearest(profile, value),
        "clusters": profile.clusters.tolist(),
        "noise": profile.noise.tolist(),
        "largest": profile.largest.tolist(),
        "plateaus": [[places[first], places[last]] for first, last in profile.plateaus],
    }

    def clicked() -> None:
        place = int(st.session_state[key]["set"])
        if 0 <= place < len(profile.values):
            chosen(profile.values[place])

    _component(key=key, data=data, on_set_change=clicked)


def nearest(profile: Profile, value: float) -> int:
    """Return the place of the value of a profile that is nearest to another, by ratio."""
    values = np.asarray(profile.values, dtype=float)
    return int(np.abs(np.log(np.maximum(values, 1e-12)) - np.log(max(value, 1e-12))).argmin())
