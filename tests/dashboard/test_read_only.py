"""Read-only mode: all can be looked at, none changed, run, fetched or opened; labels of visitors are theirs alone."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from streamlit.testing.v1 import AppTest
from tests.dashboard.browser import open_tab, origin_of, serve_dashboard, settle
from tests.dashboard.conftest import plain_names, write
from tests.dashboard.http_client import ask, handshake, host_of
from tests.fixture_types import Cli

from covey import CoveyError, Runtime
from covey.authoring import Exporter, Importer
from covey.data.folder import FolderDataset
from covey.frontend import Experiment, Kind, Registry, import_labels
from covey.labelling import LabelStore, open_labels
from covey.labelling.changes import Labelled
from covey_dashboard.current_dataset import current_location, show_dataset
from covey_dashboard.current_labels import label_store
from covey_dashboard.data.datasets import dataset_at
from covey_dashboard.data.recent_datasets import list_recent_datasets, remember_dataset
from covey_dashboard.pages.labels.other_programs import import_files, prepare_export
from covey_dashboard.server import server
from covey_dashboard.server.access.access_rules import VISIT_CHANGES
from covey_dashboard.server.read_only import REASON, VISIT_LABELS
from covey_dashboard.state import JobBarState, LabelBarState, LabelsState, OpenState, VisitState
from covey_dashboard.widgets import forms
from covey_dashboard.widgets.every_page import jobs

LOOKING = ("explore", "name_groups", "labels", "compare", "about", "methods", "plugins")
CHANGING = ("worklist",)
LABELLING = re.compile(
    "(Change|Your name|Undo|Redo|Label|Remove|Any action|Name|Colour|Delete|Class|Search)\\b.*", re.DOTALL
)
"""What a visitor does with labels that nobody else sees."""


def add_two_classes(store: LabelStore) -> None:
    with store.together() as together:
        together.add(["call_000.png"], "robin")
        together.add(["call_001.png"], "crow")


NOTHING_TO_CHANGE = ("give", "do_again")
CHANGES: dict[str, Callable[[LabelStore, Path], object]] = {
    "add": lambda store, _: store.add(["call_000.png"], "robin"),
    "give": lambda store, _: store.give([Labelled("call_001.png", "wren", "2026-01-01", "x")], str),
    "remove": lambda store, _: store.remove(["call_000.png"], "wren"),
    "move_rows": lambda store, _: store.move_rows([(row, row) for row in store.rows()], "moved"),
    "move": lambda store, _: store.move({"call_000.png": "call_100.png"}),
    "rename": lambda store, _: store.rename("wren", "robin"),
    "together": lambda store, _: add_two_classes(store),
    "recolour": lambda store, _: store.recolour("wren", "#123456"),
    "merge": lambda store, _: store.merge(["wren"], "owl"),
    "drop_rows": lambda store, _: store.drop_rows(store.rows()),
    "delete": lambda store, _: store.delete("wren"),
    "undo": lambda store, _: store.undo(),
    "redo": lambda store, _: store.redo(),
    "take_back": lambda store, _: store.take_back(1),
    "do_again": lambda store, _: store.do_again(1),
    "import": lambda store, folder: import_labels(
        FolderDataset(folder / "birds"), store, folder / "table.csv", "table.csv"
    ),
}
READS = {
    *(
        "absences",
        "all_rows",
        "author",
        "by_image",
        "class_colours",
        "classes",
        "clips",
        "contents",
        "fingerprint",
        "history",
        "images",
        "is_own",
        "is_user_copy",
        "judgements",
        "classes_of",
        "next_actions",
        "orphaned",
    ),
    *("out_of_date", "path", "patience", "revision", "rows", "session", "version"),
}


@pytest.fixture
def public(birds: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A dataset with labels, one of them undone, which is shown read-only."""
    store = open_labels(FolderDataset(birds))
    store.add(["call_000.png", "call_001.png"], "wren")
    store.add(["call_002.png"], "owl")
    store.add(["call_003.png"], "owl")
    store.undo()
    monkeypatch.setenv("COVEY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv(server.READ_ONLY, "1")
    monkeypatch.setenv(server.LOCATION, str(birds))
    return birds


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset with labels."""
    folder = write(tmp_path_factory.mktemp("public") / "birds", plain_names())
    open_labels(FolderDataset(folder)).add(plain_names()[:3], "wren")
    return folder


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """A server that shows it read-only."""
    with serve_dashboard(folder, "--read-only") as (printed, _):
        yield printed


def contents(*folders: Path) -> dict[str, str]:
    """Return what lies in some folders, by path: a hash, or "folder"."""
    paths = [path for folder in folders for path in sorted(folder.rglob("*"))]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder" for path in paths}


def said(app: AppTest) -> str:
    return " ".join(element.value for element in [*app.html, *app.text])


class TestDoors:
    @pytest.mark.parametrize("change", CHANGES)
    def test_no_change_of_labels_reaches_the_dataset(self, public: Path, tmp_path: Path, change: str) -> None:
        (tmp_path / "table.csv").write_text("filename,label\ncall_005.png,robin\n")
        before, store = contents(public, tmp_path), label_store(str(public))
        version = store.version
        with suppress(CoveyError):  # such as undoing what somebody else did
            CHANGES[change](store, tmp_path)
        assert contents(public, tmp_path) == before
        assert (label_store(str(public)).version != version) == (change not in NOTHING_TO_CHANGE)
        VisitState.recall().store_by_location.clear()  # as for another visitor
        assert [label_class.name for label_class in label_store(str(public)).classes()] == ["wren", "owl"]

    def test_every_method_of_the_labels_is_tried_or_reads_only(self) -> None:
        public_names = {name for name in dir(LabelStore) if not name.startswith("_")}
        assert public_names - READS - {"writable", "keep"} == set(CHANGES) - {"import"}

    def test_no_labels_come_or_go_in_the_form_of_another_program(self, public: Path, registry: Registry) -> None:
        before, state = contents(public), LabelBarState.recall()
        exporter, importer = (registry.get(kind, "raven")() for kind in (Kind.EXPORTER, Kind.IMPORTER))
        assert isinstance(exporter, Exporter)
        assert isinstance(importer, Importer)
        for act in (
            partial(prepare_export, str(public), exporter),
            partial(import_files, str(public), importer, [("a.txt", b"Selection")]),
        ):
            act()
            assert (state.report, state.has_failed) == (REASON, True)
        assert not LabelsState.recall().export_by_location
        assert contents(public) == before

    def test_no_other_dataset_is_opened_however_it_is_named(self, public: Path, images: Path) -> None:
        for location in (str(images), f"npz:{public}", f"{public}/", f"{public}/.", "kaggle:owner/name", "", "/"):
            with pytest.raises(CoveyError, match="read-only"):
                show_dataset(location)
            with pytest.raises(CoveyError, match="read-only"):
                dataset_at(location)
        assert dataset_at(str(public)).images
        OpenState.recall().dataset = str(images)
        assert current_location() == str(public)

    def test_what_others_did_is_not_offered_for_undoing(self, public: Path, view: Callable[..., AppTest]) -> None:
        labels = [button.label for button in view("labels", public).button]
        assert "Undo" in labels
        assert not [label for label in labels if " what " in label]

    @pytest.mark.usefixtures("brightness")
    def test_nothing_is_started_ended_or_removed(self, public: Path) -> None:
        experiment = Experiment(dataset=str(public), extractors=(), reducers=(), clusterers=(), runtime=Runtime())
        before = contents(public)
        called: list[str] = []
        for act, arguments in ((jobs.start_task, (str(public), experiment)), (called.append, ("cancelled",))):
            jobs.run_action(act, *arguments)
            assert JobBarState.recall().problem == REASON
        assert called == []
        assert contents(public) == before

    def test_choices_of_an_option_are_not_listed(self, public: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        app = AppTest.from_function(list_layers, default_timeout=120).run()
        assert app.button(key="listed.layer.list").disabled
        monkeypatch.setattr(forms, "is_read_only", lambda: False)  # a browser may send a click on a disabled button
        app.run().button(key="listed.layer.list").click().run()
        assert REASON in said(app)


def list_layers() -> None:
    from covey import component, option
    from covey.testing import Brightness
    from covey_dashboard.widgets import forms

    @component
    class Listed(Brightness):
        """An extractor whose layers are listed on demand."""

        name = "listed"
        layer: str = option(default="a", choices=lambda settings: ["a", "b"], help="Which.")

    forms.show_form(Listed, "listed")


class TestPages:
    @pytest.mark.parametrize("page", LOOKING)
    def test_a_page_offers_nothing_that_changes(
        self, public: Path, view: Callable[..., AppTest], page: str, tmp_path: Path
    ) -> None:
        before = contents(public)
        app = view(page, public)
        elements = [button for button in app.button if not button.disabled] + [*app.text_input, *app.color_picker]
        assert [element.label for element in elements if not LABELLING.fullmatch(element.label)] == []
        assert not app.get("file_uploader")
        assert contents(public) == before
        assert not (tmp_path / "home").exists()

    def test_where_labels_are_given_it_says_that_they_end_with_the_visit(
        self, public: Path, view: Callable[..., AppTest]
    ) -> None:
        assert VISIT_LABELS in said(view("explore", public))

    @pytest.mark.parametrize("page", CHANGING)
    def test_pages_that_only_change_say_why_they_are_empty(
        self, public: Path, view: Callable[..., AppTest], page: str
    ) -> None:
        app = view(page, public)
        assert REASON in said(app)
        assert not app.button

    def test_neither_recent_datasets_nor_the_address_open_another_one(self, public: Path, images: Path) -> None:
        remember_dataset(str(images))
        app = AppTest.from_file(str(server.APP), default_timeout=120)
        app.query_params["dataset"] = str(images)
        app.run()
        assert not app.exception
        assert list_recent_datasets() == [str(images)]
        assert any("All 115 images" in field.options for field in app.selectbox)

    def test_images_without_an_embedding_are_no_invitation_to_run(
        self, images: Path, monkeypatch: pytest.MonkeyPatch, view: Callable[..., AppTest]
    ) -> None:
        monkeypatch.setenv(server.READ_ONLY, "1")
        app = view("start", images)
        assert "No groups were found here yet." in said(app)
        assert not app.code


class TestServer:
    def test_it_asks_for_no_token_and_any_page_may_frame_it(self, address: str) -> None:
        reply = ask(address, "GET /", host_of(address))
        assert "token" not in address
        assert reply.status == 200
        assert "content-security-policy" not in reply.headers
        assert "x-frame-options" not in reply.headers
        assert handshake(address) == 101
        assert handshake(address, "Origin: http://evil.example") == 403

    def test_only_reading_requests_pass(self, address: str) -> None:
        for method in ("PUT", "POST", "DELETE", "PATCH", "OPTIONS", "PROPFIND"):
            for path in ("/", "/_stcore/upload_file/a/b", "/_stcore/agent/interact", "/covey/image"):
                assert ask(address, f"{method} {path}", host_of(address)).status == 403
        assert ask(address, "HEAD /", host_of(address)).status == 200
        assert ask(address, f"POST {VISIT_CHANGES}?of=nobody", host_of(address)).status == 404
        assert ask(address, f"PUT {VISIT_CHANGES}?of=nobody", host_of(address)).status == 403
        assert ask(address, f"POST {VISIT_CHANGES}/x", host_of(address)).status == 403

    def test_a_visitor_sees_every_page_and_leaves_nothing_behind(
        self, chromium: Browser, address: str, folder: Path, tmp_path_factory: pytest.TempPathFactory, images: Path
    ) -> None:
        home = tmp_path_factory.getbasetemp()
        before = contents(folder, *home.glob("home*"))
        page = open_tab(chromium, 900)
        page.goto(f"{origin_of(address)}/?dataset={images}")
        expect(page.locator(".map[data-drawn]")).to_be_visible()
        for title in ("Start", "Labels", "Compare", "About the data", "Methods", "Plugins", "Explore"):
            page.get_by_role("link", name=title, exact=True).click()
            settle(page)
            assert not page.get_by_test_id("stException").count()
            texts = page.locator("[data-testid=stButton] button:enabled").all_inner_texts()
            assert [text for text in texts if not LABELLING.fullmatch(text)] == []
            assert not page.get_by_test_id("stFileUploader").count()
            assert not page.get_by_label("Open a folder").count()
            assert not page.get_by_label("Recent datasets").count()
        for title in ("Work-list",):
            assert not page.get_by_role("link", name=title, exact=True).count()
        page.keyboard.press("Control+Enter")
        page.keyboard.press("Control+z")
        settle(page)
        page.goto(f"{origin_of(address)}/worklist")
        expect(page.get_by_text("Page not found")).to_be_visible()
        page.close()
        assert contents(folder, *home.glob("home*")) == before


def test_it_needs_a_dataset_that_is_there(covey: Cli, tmp_path: Path) -> None:
    outcome = covey("dashboard", tmp_path / "nowhere", "--read-only")
    assert outcome.exit_code == 2
    assert "There is no folder" in outcome.stderr
