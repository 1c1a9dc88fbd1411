"""Checks of the contract for authors of plugins, and small made-up things to test with.

A check takes a component class, with the options to try, and raises AssertionError with a sentence for the first
promise that is broken:

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
