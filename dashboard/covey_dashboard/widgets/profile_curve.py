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
    index_by_value = {value: index for index, value in enumerate(profile.values)}
    fields = {
        "option": profile.option,
        "suggested": index_by_value.get(profile.suggested, -1) if profile.suggested is not None else -1,
        "values": list(profile.values),
        "current": index_by_value[current],
        "clusters": profile.clusters.tolist(),
        "noise": profile.noise.tolist(),
        "largest": profile.largest.tolist(),
        "plateaus": [
            [index_by_value[first_value], index_by_value[last_value]] for first_value, last_value in profile.plateaus
        ],
    }

    def set_value() -> None:
        value_to_set = state.read_value()
        if value_to_set in index_by_value:
            on_set(profile.values[index_by_value[value_to_set]])

    _component(key=state.key, data=fields, on_set_change=set_value)


def with_value(profile: Profile, current: float, labels: Labels) -> Profile:
    """Return a profile to which a value of its option is added, at which these are the labels (n,)."""
    if current in profile.values:
        return profile
    index, cluster_sizes = bisect(profile.values, current), np.bincount(labels[labels != NOISE])
    return attrs.evolve(
        profile,
        values=[*profile.values[:index], current, *profile.values[index:]],
        clusters=np.insert(profile.clusters, index, np.count_nonzero(cluster_sizes)),
        noise=np.insert(profile.noise, index, np.mean(labels == NOISE)),
        largest=np.insert(profile.largest, index, cluster_sizes.max(initial=0) / len(labels)),
    )
