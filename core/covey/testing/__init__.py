"""Checks of the contracts for authors of plugins, and small data to test with.

A check takes a component class and options, and raises AssertionError with one sentence about the first fault:

    from covey.testing import check_clusterer

    def test_contract():
        check_clusterer(Dbscan, eps=1.0)
"""

from covey.testing.brightness import Brightness
from covey.testing.clusterers import check_clusterer
from covey.testing.component_checks import check_component
from covey.testing.extractors import check_extractor
from covey.testing.imports import check_import
from covey.testing.reducers import check_reducer
from covey.testing.samples import registry_of, tiny_dataset, tiny_images, tiny_tables
from covey.testing.storages import check_storage

__all__ = [
    "Brightness",
    "check_clusterer",
    "check_component",
    "check_extractor",
    "check_import",
    "check_reducer",
    "check_storage",
    "registry_of",
    "tiny_dataset",
    "tiny_images",
    "tiny_tables",
]
