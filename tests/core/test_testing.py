"""Each contract check reports a component that breaks the contract, and the small test data are always the same."""

from __future__ import annotations

import importlib
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import pytest
from tests.core.broken_components import (
    BROKEN,
    BROKEN_COMPONENTS,
    GOOD,
    Alternating,
    BatchMean,
    Cut,
    Forgetful,
    GoodColumns,
    GoodFolder,
    GoodHalves,
    GoodMean,
    Halves,
    Hoarding,
    Placeless,
    Shuffled,
    Undocumented,
    Unmarked,
)

from covey import Clusterer, CoveyError, Dataset, FeatureExtractor, Reducer, Storage, component, option
from covey.authoring import FolderDataset, user_data_folder
from covey.components.contracts import Component, Floats, Labels
from covey.components.kinds import Kind
from covey.testing import (
    Brightness,
    change_options,
    check_clusterer,
    check_component,
    check_extractor,
    check_import,
    check_reducer,
    check_storage,
    checks,
    registry_of,
    tiny_dataset,
    tiny_images,
    tiny_tables,
)


def test_brightness_passes_the_check_of_extractors() -> None:
    check_extractor(Brightness)
    check_extractor(Brightness, layers=("mean", "deviation"), bands=2)


def test_tiny_images_and_tables_are_always_the_same(tmp_path: Path) -> None:
    first, second = (tiny_images(tmp_path / name, count=3, shape=(20, 30)) for name in ("a", "b"))
    assert first.names() == second.names() == ["image_000.png", "image_001.png", "image_002.png"]
    for name in first.names():
        assert first.pixels(name).shape == (20, 30, 3)
        assert first.path(name).read_bytes() == second.path(name).read_bytes()
    features, *_ = tiny_tables(first.names())
    assert features.names.tolist() == first.names()


def test_a_tiny_dataset_has_images_and_a_table_of_each_kind(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path / "birds", count=5)
    assert dataset.images is not None
    assert len(dataset.images.names()) == 5
    assert [(entry.kind, entry.shape) for entry in dataset.entries()] == [
        ("clustering", (5, 1)), ("embedding", (5, 8)), ("features", (5, 12)),
    ]  # fmt: skip


def test_a_registry_can_hold_a_few_components_only() -> None:
    registry = registry_of(Brightness)
    assert registry.get(Kind.EXTRACTOR, "brightness") is Brightness
    assert [item.name for item in registry.components] == ["brightness"]


@pytest.mark.parametrize("cls", GOOD)
def test_a_good_component_passes_every_check(cls: type[Component]) -> None:
    for check in checks(cls):
        check()


@pytest.mark.parametrize(("cls", "name", "pattern"), BROKEN, ids=lambda part: getattr(part, "__name__", None))
def test_each_check_reports_a_component_made_to_break_it(cls: type[Component], name: str, pattern: str) -> None:
    (check,) = [check for check in checks(cls) if check.name == name]
    with pytest.raises(AssertionError, match=pattern):
        check()


@pytest.mark.parametrize("cls", GOOD)
def test_every_check_has_been_seen_to_fail(cls: type[Component]) -> None:
    bases = [base for base in (FeatureExtractor, Reducer, Clusterer, Storage) if issubclass(cls, base)]
    failed = {(name, base) for broken, name, _ in BROKEN for base in bases if issubclass(broken, base)}
    failed |= {(name, base) for _, name, _ in BROKEN_COMPONENTS for base in bases}
    assert {check.name for check in checks(cls)} <= {name for name, _ in failed}


def test_the_check_of_a_kind_reports_the_first_broken_promise(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="not marked with @component"):
        check_clusterer(Unmarked)
    with pytest.raises(AssertionError, match="must not depend on the rest of its batch"):
        check_extractor(BatchMean)
    with pytest.raises(AssertionError, match="must stay in order"):
        check_reducer(Shuffled)
    with pytest.raises(AssertionError, match="must be found by its key"):
        check_storage(Forgetful, tmp_path)
    with pytest.raises(AssertionError, match="needs a docstring"):
        check_component(Undocumented())


def test_a_check_says_what_is_promised() -> None:
    for cls in GOOD:
        for check in checks(cls):
            assert check.promise.endswith(".")
            assert check.component == cls.name


def test_a_storage_is_checked_at_places_of_its_own(tmp_path: Path) -> None:
    places: list[str] = []

    def place(path: Path) -> str:
        places.append(str(path))
        return str(path)

    check_storage(GoodFolder, tmp_path, place=place)
    assert places
    assert all(Path(visited).is_relative_to(tmp_path) for visited in places)


@component
class Shelf(Storage):
    """Opens folders that others make."""

    name = "shelf"

    def open(self, place: str) -> Dataset:
        if not Path(place).is_dir():
            raise CoveyError(f"There is no folder {place}.")
        return FolderDataset(Path(place))


def test_what_a_storage_does_not_define_is_skipped_with_a_reason() -> None:
    skipped: dict[str, str] = {}
    for check in checks(Shelf):
        try:
            check()
        except unittest.SkipTest as reason:
            skipped[check.name] = str(reason)
    assert {"tables", "reopening", "images", "files", "output", "publish", "publish_again"} == set(skipped)
    assert skipped["publish"] == "shelf defines no publish: see help(covey.Storage.publish)"


TEST_MODULE = """
import pytest
from covey.testing import checks
from tests.core.broken_components import Alternating, GoodHalves

REASON = {"order": "numbers rows"}

@pytest.mark.parametrize("check", checks(Alternating))
def test_broken(check):
    check()

@pytest.mark.parametrize("check", checks(Alternating, expected_failures=REASON))
def test_declared(check):
    check()

@pytest.mark.parametrize("check", checks(GoodHalves, expected_failures=REASON))
def test_unneeded(check):
    check()
"""


def test_pytest_runs_every_check_as_a_test_with_its_name_and_skips_expected_failures(tmp_path: Path) -> None:
    (tmp_path / "test_promises.py").write_text(TEST_MODULE, "utf-8")
    command = [sys.executable, "-m", "pytest", "-rfs", "-p", "no:cacheprovider", f"--rootdir={tmp_path}", str(tmp_path)]
    process = subprocess.run(
        [*command, "-o", f"pythonpath={Path(__file__).parents[2]}"], capture_output=True, text=True, check=False
    )
    summary = process.stdout.partition("short test summary")[2]
    count = len(checks(GoodHalves))
    assert f"2 failed, {3 * count - 3} passed, 1 skipped" in summary, process.stdout
    assert "test_promises.py::test_broken[order]" in summary
    assert "test_promises.py::test_unneeded[order]" in summary
    assert "expected to fail, numbers rows (bad: the labels must be in the order of the rows" in summary
    assert "is declared as an expected failure (numbers rows) but passes" in process.stdout


def test_an_expected_failure_does_not_stop_the_check_of_a_kind() -> None:
    check_clusterer(Alternating, expected_failures={"order": "numbers rows"})
    with pytest.raises(AssertionError, match="declared as an expected failure"):
        check_clusterer(GoodHalves, expected_failures={"order": "numbers rows"})
    with pytest.raises(CoveyError, match=r"there is no check 'oder'\. Did you mean 'order'"):
        checks(GoodHalves, expected_failures={"oder": "numbers rows"})


def test_all_options_are_changed_within_their_bounds() -> None:
    changed = change_options(Brightness)
    assert changed == Brightness(layers=("deviation",), bands=change_options(Brightness).bands)
    assert changed.bands != Brightness().bands


@component
class Wandering(Halves):
    """Writes a file into another folder."""

    name = "bad"
    file: str = option(default="", help="A file.")

    def cluster(self, Z: Floats) -> Labels:
        Path(self.file).write_text("away", "utf-8")
        return Halves.cluster(self, Z)


def test_a_file_written_into_another_folder_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    with pytest.raises(AssertionError, match=r"only files in its own place may be written, not .*far.txt"):
        check_clusterer(Wandering, file=str(tmp_path / "far.txt"))


def test_a_package_whose_entry_point_is_missing_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hook = "from covey import hookimpl\n\n@hookimpl\ndef covey_feature_extractors():\n    return []\n"
    (tmp_path / "lost_plugin.py").write_text(hook, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(GoodMean, "__module__", importlib.import_module("lost_plugin").__name__)
    (check,) = [check for check in checks(GoodMean) if check.name == "offered"]
    with pytest.raises(AssertionError, match="lost_plugin has hooks, but no entry point in the group 'covey' names it"):
        check()


def test_only_reducers_that_place_and_clusterers_that_prepare_are_checked_for_it() -> None:
    assert {check.name for check in checks(GoodColumns)} - {check.name for check in checks(Placeless)} == {
        "transform", "transform_of_nothing", "transform_refusals",
    }  # fmt: skip
    assert {check.name for check in checks(Cut)} - {check.name for check in checks(GoodHalves)} == {
        "prepared_labels", "live_options", "other_options", "prepared_values",
    }  # fmt: skip


def test_the_checks_of_a_storage_leave_the_folder_of_the_user_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COVEY_HOME", str(tmp_path / "home"))
    check_storage(Hoarding)
    assert not (tmp_path / "home").exists()
    assert user_data_folder() == tmp_path / "home"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("import sklearn", "imports .*sklearn: import it in the method that needs it"),
        ("from scipy import stats", "imports .*scipy.*: import it in the method that needs it"),
        ("import no_such_library", "cannot be imported by itself"),
    ],
)
def test_a_plugin_with_a_heavy_or_broken_import_is_reported(
    line: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "heavy_plugin.py").write_text(f"{line}\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(Brightness, "__module__", "heavy_plugin")
    with pytest.raises(AssertionError, match=sentence):
        check_import(Brightness)
