"""The contract of covey, kept."""

from pathlib import Path

from covey.testing import check_storage

from covey_specimen import Specimen


def test_contract(tmp_path: Path) -> None:
    check_storage(Specimen, tmp_path)
