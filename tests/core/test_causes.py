"""Causes of errors are visible: chained, in the log of a run, and printed if asked for."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from tests.fixture_types import Cli

import covey
from covey import CoveyError
from covey._base.run_log import FILE
from covey.components.guard import PluginFailure
from covey.components.kinds import Kind
from covey.plugins.registry import Registry
from covey.testing import Brightness

BROKEN = ["--extractor", "slow", "--set", "extractor.breaks=error", "--reducer", "cut", "--clusterer", "above"]
pytestmark = pytest.mark.usefixtures("slow")


def test_the_message_of_a_failed_plugin_names_the_log_with_its_traceback(covey: Cli, calls: Path) -> None:
    done = covey("run", calls, *BROKEN)
    assert done.exit_code == 2
    log = calls / ".covey" / FILE
    assert str(log) in done.stderr
    text = log.read_text("utf-8")
    assert "Traceback (most recent call last)" in text
    assert "covey_slow.py" in text
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("variable", ["", "1"])
def test_a_traceback_is_printed_if_asked_for(
    covey: Cli, calls: Path, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COVEY_DEBUG", variable)
    done = covey(*([] if variable else ["--traceback"]), "run", calls, *BROKEN)
    assert done.exit_code == 2
    assert "covey_slow.py" in done.stderr
    assert "The above exception was the direct cause" in done.stderr
    assert done.stderr.rstrip().splitlines()[-1].startswith("Error: slow of covey-slow 1.0 failed in load (")


def test_the_cause_of_an_error_is_chained(calls: Path) -> None:
    slow: Any = Registry.installed().get(Kind.EXTRACTOR, "slow")
    with pytest.raises(CoveyError) as caught:
        covey.run(str(calls), extractors=[slow(breaks="error")])
    assert isinstance(caught.value.__cause__, PluginFailure)
    assert isinstance(caught.value.__cause__.__cause__, ZeroDivisionError)


def test_progress_is_logged_at_info(calls: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="covey"):
        covey.run(str(calls), extractors=[Brightness()])
    assert any("Extracting features" in record.message for record in caplog.records if record.name == "covey")
    assert "Extracting features" in (calls / ".covey" / FILE).read_text("utf-8")
