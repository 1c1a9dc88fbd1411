"""The extractor that learns from the user's own spectrograms; the contract is tested in test_contract.py."""

from __future__ import annotations

import pytest

from covey import Runtime
from covey.testing.learners import TinyClips

pytest.importorskip("torch", reason="needs covey[selftaught]")

from covey_selftaught import CLIPS_PER_MINUTE, MOST_EPOCHS, Selftaught


@pytest.mark.parametrize(("passes", "epochs"), [(0.1, 1), (3, 3), (10 * MOST_EPOCHS, MOST_EPOCHS)])
def test_minutes_become_a_number_of_passes(passes: float, epochs: int) -> None:
    extractor = Selftaught(minutes=passes * 12 / CLIPS_PER_MINUTE)
    assert next(iter(extractor.fit(TinyClips(12), Runtime(), None))).total == epochs
