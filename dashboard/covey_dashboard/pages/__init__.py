"""The pages, one folder each."""

from __future__ import annotations

import gc
from importlib import import_module

LARGEST = (
    "covey_dashboard.pages.explore.choose_groups",
    "covey_dashboard.pages.explore.selected_images",
    "covey_dashboard.widgets.labelling.repair",
    "covey_dashboard.widgets.outdated_labels",
)
"""Modules that import nearly all that pages need."""


def preload_pages() -> None:
    """Import what pages need before the first visitor comes, and spare it the garbage collection after each rerun."""
    for name in LARGEST:
        import_module(name)
    gc.collect()
    gc.freeze()
