"""The contract of covey, kept."""

from covey.testing import check_clusterer

from covey_specimen import Specimen


def test_contract() -> None:
    check_clusterer(Specimen)
