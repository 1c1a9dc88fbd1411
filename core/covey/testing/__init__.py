"""Checks of the contracts for authors of plugins, and small data to test with.

Each promise of the contract is a check; a broken one raises AssertionError with one sentence about the fault:

    import pytest
    from covey.testing import checks

    @pytest.mark.parametrize("check", checks(Dbscan, eps=1.0))
    def test_contract(check):
        check()

`check_clusterer(Dbscan, eps=1.0)` runs them all and raises the first fault.
"""

from covey.testing.brightness import Brightness
from covey.testing.checks import Check
from covey.testing.component_checks import check_component
from covey.testing.contract import check_clusterer, check_engine, check_extractor, check_reducer, checks
from covey.testing.imports import check_import
from covey.testing.samples import registry_of, tiny_dataset, tiny_images, tiny_tables
from covey.testing.settings import change_options
from covey.testing.sources import check_source
from covey.testing.storages import check_storage

__all__ = [
    "Brightness",
    "Check",
    "change_options",
    "check_clusterer",
    "check_component",
    "check_engine",
    "check_extractor",
    "check_import",
    "check_reducer",
    "check_source",
    "check_storage",
    "checks",
    "registry_of",
    "tiny_dataset",
    "tiny_images",
    "tiny_tables",
]
