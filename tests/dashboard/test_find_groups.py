"""Finding groups: what is chosen is what runs; a run is watched, cancelled, started again, and outlives the page."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from streamlit.testing.v1 import AppTest
from tests.core.learned_patterns import PATTERNS
from tests.dashboard.browser import new_tab, page_address, serve_dashboard, settle
from tests.dashboard.waiting import wait_until
from tests.fixture_types import Cli, Distribution

from covey.data.folder import FolderDataset
from covey.experiments.jobs import Job, list_jobs, read_task
from covey.plugins.locations import open_dataset
from covey.plugins.registry import Registry
from covey_dashboard.data.datasets import list_tables
from covey_dashboard.data.describe_table import describe_table
from covey_dashboard.data.table_titles import title_embeddings
from covey_dashboard.pages.start.planned_steps import plan_steps
from covey_dashboard.server import server
from covey_dashboard.widgets.every_page.jobs import format_duration, start_task

HEAVY = """
from covey import FeatureExtractor, component, hookimpl
from covey.authoring import MissingFiles

fetched = []

@component
class Heavy(FeatureExtractor):
    '''Needs a model.'''
    name = "heavy"
    def missing_files(self):
        missing = MissingFiles(what="the heavy model", size_mb=61, licence="CC0", origin="afar", fetch=fetched.append)
        return None if fetched else missing
    def load(self, runtime): ...

@hookimpl
def covey_feature_extractors():
    yield Heavy
"""
pytestmark = pytest.mark.usefixtures("slow")


def open_page(monkeypatch: pytest.MonkeyPatch, location: object) -> AppTest:
    """The page Start of a dataset."""
    monkeypatch.setenv(server.LOCATION, str(location))
    app = AppTest.from_file(str(server.APP), default_timeout=120).run()
    return checked(app.switch_page("../pages/start/page.py").run())


def checked(app: AppTest) -> AppTest:
    assert not app.exception, app.exception
    return app


def chosen(app: AppTest) -> AppTest:
    """The page with the components that are quick."""
    for kind, name in (("extractor", "slow"), ("reducer", "cut"), ("clusterer", "above")):
        app.multiselect(key=f"start.{kind}").set_value([name])
    return checked(app.run())


def text_of(app: AppTest) -> str:
    return " ".join([*(item.value for item in app.html), *(item.value for item in app.text)])


def codes(app: AppTest) -> list[str]:
    return [item.value for item in app.code]


def jobs_of(folder: object) -> list[Job]:
    return list_jobs(open_dataset(Registry.installed(), str(folder)))


def finished(folder: Path) -> Job:
    wait_until(lambda: jobs_of(folder)[0].state not in ("waiting", "running"))
    return jobs_of(folder)[0]


def test_the_engine_is_chosen_with_its_form(calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = chosen(open_page(monkeypatch, calls))
    assert not any("--engine" in code for code in codes(app))
    app.selectbox(key="start.engine").set_value("processes")
    app = checked(app.run())
    assert "Processes of this machine" in text_of(app)
    assert any("--engine processes" in code for code in codes(app))


def test_what_is_shown_is_what_runs(monkeypatch: pytest.MonkeyPatch, calls: Path, covey: Cli) -> None:
    app = chosen(open_page(monkeypatch, calls))
    app.number_input(key="start.clusterer.covey-slow:above.eps").set_value(0.25)
    app.text_input(key="start.reducer.covey-slow:cut.sizes").set_value("2, 3")
    app.multiselect(key="start.extractor.covey-slow:slow.layers").set_value(["mean", "deviation"])
    checked(app.run())
    assert "To describe: 100 images × 2 tables." in text_of(app)
    command, text = codes(app)
    checked(app.button(key="start.find_other_groups").click().run())
    job = finished(calls)
    assert (job.state, job.message) == ("done", "10 tables made, 0 kept from before.")
    assert job.experiment_text.strip() == text
    if os.name != "nt":
        assert "0 tables made, 10 kept from before." in covey(*shlex.split(command)[1:]).stdout
    plan_steps.clear()
    assert "All these results are there already: nothing has to be computed." in text_of(checked(app.run()))
    assert "Finding groups: slow → cut → above, done" in text_of(app)


def test_the_time_of_a_run_is_told_from_an_earlier_one_on_this_computer(
    monkeypatch: pytest.MonkeyPatch, calls: Path, covey: Cli, tmp_path: Path
) -> None:
    monkeypatch.setenv("COVEY_HOME", str(tmp_path / "home"))
    app = chosen(open_page(monkeypatch, calls))
    assert "How long that takes is unknown until it has begun." in text_of(app)
    copy = shutil.copytree(calls, tmp_path / "copy")
    covey("run", copy, "--extractor", "slow", "--reducer", "cut", "--clusterer", "above")
    assert re.search(r"That takes about \d+ s on this computer, as fast as the last time;", text_of(checked(app.run())))


def test_what_an_extractor_lacks_is_offered_with_size_and_licence(
    calls: Path, monkeypatch: pytest.MonkeyPatch, distribution: Distribution
) -> None:
    distribution("covey-heavy", {"heavy": "covey_heavy"}, covey_heavy=HEAVY)
    app = open_page(monkeypatch, calls)
    app.multiselect(key="start.extractor").set_value(["heavy"])
    app = checked(app.run())
    assert "The heavy model is not on this machine: 61 MB from afar; licence CC0." in text_of(app)
    app.button(key="start.files.extractor.covey-heavy:heavy").click().run()
    checked(app)
    assert "The heavy model" not in text_of(app)


def test_several_components_need_the_file(monkeypatch: pytest.MonkeyPatch, calls: Path) -> None:
    app = chosen(open_page(monkeypatch, calls))
    checked(app.multiselect(key="start.clusterer").set_value(["above", "dbscan"]).run())
    checked(app.number_input(key="start.clusterer.covey-slow:above.eps").set_value(0.25).run())
    command, text = codes(app)
    assert command == "covey run covey.toml"
    assert text.count("[[clusterer]]") == 2
    assert "One command cannot say this: save covey.toml first." in text_of(app)


@pytest.mark.usefixtures("brightness")
def test_features_of_several_extractors_are_joined(monkeypatch: pytest.MonkeyPatch, calls: Path, covey: Cli) -> None:
    assert not [widget for widget in chosen(open_page(monkeypatch, calls)).multiselect if widget.key == "start.join"]
    app = chosen(open_page(monkeypatch, calls))
    checked(app.multiselect(key="start.extractor").set_value(["slow", "brightness"]).run())
    join = app.multiselect(key="start.join")
    assert list(join.options) == ["slow", "brightness"]
    checked(join.set_value(["slow"]).run())
    assert "Choose at least two to join." in text_of(app)
    checked(app.multiselect(key="start.join").set_value(["slow", "brightness"]).run())
    checked(app.slider(key="start.join.form.whiten").set_value(0.5).run())
    assert "To describe: 100 images × 2 tables." in text_of(app)
    command, text = codes(app)
    assert 'join = ["slow", "brightness"]\nwhiten = 0.5\n' in text
    if os.name != "nt":
        assert "9 tables made" in covey(*shlex.split(command)[1:]).stdout
        titles = title_embeddings(FolderDataset(calls).embeddings()).values()
        assert {title.partition(" · ")[2] for title in titles} == {"slow", "brightness", "slow+brightness-whiten0.5"}
        joined = next(entry for entry in FolderDataset(calls).features() if "+" in entry.name)
        assert describe_table(joined).endswith(". join put these side by side (whiten 0.5).")
        list_tables.clear()
        options = chosen(app).multiselect(key="start.join").options
        (brightness,) = calls.glob("full_features_brightness~*.npz")
        assert list(options) == ["slow", f"brightness ({brightness.stem[-8:]})"]
        checked(app.multiselect(key="start.extractor").set_value(["slow", "brightness"]).run())
        checked(app.multiselect(key="start.join").set_value(["slow", "brightness"]).run())
        checked(app.slider(key="start.join.form.whiten").set_value(0.5).run())
    plan_steps.clear()
    assert "All these results are there already: nothing has to be computed." in text_of(checked(app.run()))


def test_what_lacks_a_library_or_is_not_chosen_cannot_start(monkeypatch: pytest.MonkeyPatch, calls: Path) -> None:
    app = chosen(open_page(monkeypatch, calls))
    checked(app.multiselect(key="start.extractor").set_value(["missing"]).run())
    assert "needs a library that is not installed: pip install &quot;covey[nobody]&quot;" in text_of(app)
    assert not [button for button in app.button if button.key == "start.find_other_groups"]
    checked(app.multiselect(key="start.extractor").set_value([]).run())
    assert "Choose at least one extractor." in text_of(app)


def test_a_run_that_fails_says_why_and_its_log_is_at_hand(monkeypatch: pytest.MonkeyPatch, calls: Path) -> None:
    app = chosen(open_page(monkeypatch, calls))
    app.text_input(key="start.extractor.covey-slow:slow.breaks").set_value("error")
    checked(app.button(key="start.find_other_groups").click().run())
    finished(calls)
    checked(app.run())
    assert (
        "slow of covey-slow 1.0 failed in load (ZeroDivisionError: &lt;b&gt;bright&lt;/b&gt;): try other options"
        in text_of(app)
    )
    assert any("Extracting features: 100 images" in code for code in codes(app))


def test_while_a_run_goes_on_no_other_starts(monkeypatch: pytest.MonkeyPatch, calls: Path, gate: Path) -> None:
    app = chosen(open_page(monkeypatch, calls))
    app.text_input(key="start.extractor.covey-slow:slow.gate").set_value(str(gate))
    checked(app.button(key="start.find_other_groups").click().run())
    assert app.button(key="start.find_other_groups").disabled
    assert app.button(key="start.find_groups").disabled
    start_task(str(calls), read_task(jobs_of(calls)[0].folder, Registry.installed()))
    assert len(jobs_of(calls)) == 1
    jobs_of(calls)[0].cancel()


def test_a_component_that_is_gone_is_a_sentence(monkeypatch: pytest.MonkeyPatch, calls: Path) -> None:
    app = chosen(open_page(monkeypatch, calls))
    app.text_input(key="start.extractor.covey-slow:slow.breaks").set_value("error")
    checked(app.button(key="start.find_other_groups").click().run())
    job = finished(calls)
    job.experiment_file.write_text(job.experiment_text.replace('use = "slow"', 'use = "<b>gone</b>"'), "utf-8")
    checked(app.run())
    checked(app.button(key=f"start.job.{job.folder.name}.again").click().run())
    assert "There is no extractor &#x27;&lt;b&gt;gone&lt;/b&gt;&#x27;." in text_of(app)
    assert len(jobs_of(calls)) == 1


def test_times_are_told_in_words() -> None:
    assert [format_duration(seconds) for seconds in (0.2, 89, 100, 5000, 9000)] == [
        "1 s",
        "89 s",
        "2 min",
        "83 min",
        "2.5 h",
    ]


@pytest.fixture
def page(calls: Path, chromium: Browser) -> Iterator[Page]:
    """The page Start in a browser, by an address that an earlier version had."""
    with serve_dashboard(calls) as (address, _), new_tab(chromium, page_address(address, "run"), 1000) as page:
        yield page


def choose(page: Page, label: str, old: str, new: str) -> None:
    """Take one component for another."""
    box = page.get_by_role("combobox", name=label)
    box.click()
    page.get_by_role("option", name=new, exact=True).click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name=f"Remove {old}").click()
    expect(page.get_by_role("button", name=f"Remove {old}")).to_have_count(0)


def test_a_run_is_seen_on_every_page_cancelled_and_started_again(page: Page, calls: Path, gate: Path) -> None:
    bar = page.locator(".st-key-job_bar")
    page.get_by_text("Other ways").click()
    choose(page, "Network", "timm", "slow")
    choose(page, "Map:", "umap", "cut")
    choose(page, "Groups:", "dbscan", "above")
    settle(page)
    page.get_by_label("Gate", exact=True).fill(str(gate))
    page.keyboard.press("Enter")
    settle(page)
    page.get_by_role("button", name="Find groups in this way").dblclick()
    expect(bar.get_by_text("Finding groups. Extracting features: 32 of 100 images")).to_be_in_viewport()
    expect(page.get_by_role("button", name="Find groups", exact=True)).to_be_disabled()
    assert len(jobs_of(calls)) == 1
    for name in ("Labels", "Methods"):
        page.get_by_role("link", name=name, exact=True).click()
        expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
        expect(bar.get_by_text("Extracting features: 32 of 100 images")).to_be_in_viewport()
    page.reload()
    bar.get_by_role("button", name="Log").click()
    expect(page.get_by_text("Extracting features: 100 images")).to_be_visible()
    page.keyboard.press("Escape")
    bar.get_by_role("button", name="Cancel").click()
    expect(bar.get_by_text("Finding groups: Cancelled. What was finished is kept")).to_be_visible()
    assert not list(calls.glob("*.npz"))
    gate.touch()
    bar.get_by_role("button", name="Start again").click()
    page.get_by_role("link", name="See the groups").click()
    expect(page.get_by_role("heading", name="Explore", level=1)).to_be_visible()
    expect(bar).to_have_count(0)
    assert "going on where an earlier run stopped" in jobs_of(calls)[0].log
    page.get_by_role("link", name="Start", exact=True).click()
    page.get_by_text("What was done here").click()
    page.get_by_role("button", name="Remove", exact=True).last.click()
    expect(page.get_by_text("slow → cut → above, cancelled")).to_have_count(0)
    assert [job.state for job in jobs_of(calls)] == ["done"]


def test_an_extractor_that_learns_is_named_and_can_learn_again(
    monkeypatch: pytest.MonkeyPatch, calls: Path, distribution: Distribution
) -> None:
    distribution("covey-patterns", {"patterns": "covey_patterns"}, covey_patterns=PATTERNS)
    app = chosen(open_page(monkeypatch, calls))
    assert not [box for box in app.checkbox if box.key == "start.learn_again"]
    checked(app.multiselect(key="start.extractor").set_value(["patterns"]).run())
    assert "To learn first from the images: patterns. To describe: 100 images × 1 table." in text_of(app)
    checked(app.checkbox(key="start.learn_again").check().run())
    command, text = codes(app)
    assert "--learn-again" in shlex.split(command)
    assert "learn_again = true" in text
