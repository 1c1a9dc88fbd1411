"""The contract of covey, kept."""

from covey.testing import check_extractor

from covey_specimen import Specimen


def test_contract() -> None:
    check_extractor(Specimen)
