"""The profile of an option as a curve under a slider, both of which set the value."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable
from typing import Any

import attrs
import numpy as np

from covey import Labels
from covey.frontend import NOISE, Profile
from covey_dashboard.browser.browser_component import component
from covey_dashboard.state import CurveState

_component = component("profile")


def show_curve(profile: Profile, current: float, state: CurveState, on_set: Callable[[Any], None]) -> None:
    """Show the number of clusters, the share of noise and that of the largest cluster along an option.

    Args:
        profile: what is shown.
        current: where the option stands, one of the values of the profile.
        state: which curve of the page.
        on_set: called with the value that a person sets.
    """
    places = {value: place for place, value in enumerate(profile.values)}
    fields = {
        "option": profile.option,
        "values": list(profile.values),
        "current": places[current],
        "clusters": profile.clusters.tolist(),
        "noise": profile.noise.tolist(),
        "largest": profile.largest.tolist(),
        "plateaus": [[places[first], places[last]] for first, last in profile.plateaus],
    }

    def set_value() -> None:
        setting = state.read_value()
        if setting in places:
            on_set(profile.values[places[setting]])

    _component(key=state.key, data=fields, on_set_change=set_value)


def with_value(profile: Profile, current: float, labels: Labels) -> Profile:
    """Return a profile to which a value of its option is added, at which these are the labels (n,)."""
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
