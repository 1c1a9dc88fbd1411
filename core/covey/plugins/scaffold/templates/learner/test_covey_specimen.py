"""The contract of covey, each promise a test."""

import pytest
from covey.testing import Check, checks

from covey_specimen import Specimen


@pytest.mark.parametrize("check", checks(Specimen))
def test_contract(check: Check) -> None:
    check()
