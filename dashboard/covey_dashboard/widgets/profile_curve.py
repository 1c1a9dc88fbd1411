"""The profile of an option as a curve under a slider, both of which set the value."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import streamlit as st

from covey import Labels
from covey.frontend import NOISE, Profile
from covey_dashboard.browser.browser_component import component

_component = component("profile")


def show(profile: Profile, current: float, key: str, chosen: Callable[[Any], None]) -> None:
    """Show the number of clusters, the share of noise and that of the largest cluster along an option.

    Args:
        profile: what is shown.
        current: where the option stands, one of the values of the profile.
        key: tells this curve from all others.
        chosen: told of the value that a person sets.
    """
    places = {shown: place for place, shown in enumerate(profile.values)}
    fields = {
        "option": profile.option,
        "values": list(profile.values),
        "current": places[current],
        "clusters": profile.clusters.tolist(),
        "noise": profile.noise.tolist(),
        "largest": profile.largest.tolist(),
        "plateaus": [[places[first], places[last]] for first, last in profile.plateaus],
    }

    def moved() -> None:
        picked = st.session_state[key]["set"]
        if picked in places:
            chosen(profile.values[places[picked]])

    _component(key=key, data=fields, on_set_change=moved)


def through(profile: Profile, current: float, labels: Labels) -> Profile:
    """Return a profile that has a value of its option too, at which these are the labels (n,)."""
    if current in profile.values:
        return profile
    at, sizes = bisect(profile.values, current), np.bincount(labels[labels != NOISE])
    return attrs.evolve(
        profile,
        values=[*profile.values[:at], current, *profile.values[at:]],
        clusters=np.insert(profile.clusters, at, np.count_nonzero(sizes)),
        noise=np.insert(profile.noise, at, np.mean(labels == NOISE)),
        largest=np.insert(profile.largest, at, sizes.max(initial=0) / len(labels)),
    )
