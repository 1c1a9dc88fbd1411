"""What a session remembers of each page, and what the address says.

No other module knows the keys of Streamlit's session or the parameters of the address. Streamlit forgets the content of
a widget when its page is left; the fields of a state last as long as the session.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs
import streamlit as st

from covey.frontend import digest
from covey_dashboard.data.selection import AllImages, Selection
from covey_dashboard.data.worklist_session import WorklistSession

if TYPE_CHECKING:
    from covey import Clusterer, Labels
    from covey.authoring import Exporter
    from covey.frontend import Kind, LabelImport
    from covey_dashboard.data.datasets import OpenEmbedding
    from covey_dashboard.pages.labels.labels_overview import ImageChoice
    from covey_dashboard.widgets.gallery import GalleryContent

S = TypeVar("S")
T = TypeVar("T")

PARAMETERS = {"dataset": "dataset", "embedding": "embedding", "second": "other"}
"""The parameter of the address for each field of OpenState."""


@attrs.frozen
class Widget(Generic[T]):
    """A widget of a page, by its key in the session."""

    key: str

    @property
    def is_known(self) -> bool:
        """Whether the session has the content of the widget."""
        return self.key in st.session_state

    @property
    def content(self) -> T:
        """What a person set."""
        content: T = st.session_state[self.key]
        return content

    def set(self, content: T) -> None:
        """Set the content, before the widget is shown."""
        st.session_state[self.key] = content


def _recall(cls: type[S], scope: str, create: Callable[[], S]) -> S:
    """Return the one object of a class that this session has for a scope."""
    key = f"state of {cls.__name__} {scope}"
    if key not in st.session_state:
        st.session_state[key] = create()
    state: S = st.session_state[key]
    return state


@attrs.define(eq=False)
class OpenState:
    """What all pages show: a dataset, an embedding, and a second one joined with it; "" for none."""

    dataset: str
    embedding: str
    second: str
    is_checked: bool = False
    """Whether the dataset in the address was found to be one that may be opened."""

    @classmethod
    def recall(cls) -> OpenState:
        """Return the state of this session, which begins with what the address says."""
        return _recall(cls, "", cls._from_address)

    @classmethod
    def _from_address(cls) -> OpenState:
        text_by_field = {field: st.query_params.get(parameter, "") for field, parameter in PARAMETERS.items()}
        return cls(text_by_field["dataset"], text_by_field["embedding"], text_by_field["second"])

    def write_address(self, has_dataset: bool = True) -> None:
        """Write what is open into the address, where a reload and a bookmark find it.

        Args:
            has_dataset: whether the address names the dataset; not if only one can be opened.
        """
        for field, parameter in PARAMETERS.items():
            name = getattr(self, field) if has_dataset or field != "dataset" else ""
            if name and st.query_params.get(parameter) != name:
                st.query_params[parameter] = name
            elif not name and parameter in st.query_params:
                del st.query_params[parameter]


@attrs.define(eq=False)
class DataState:
    """The page Data: why a dataset could not be opened, "" if it could."""

    problem: str = ""

    location = Widget[str]("data.location")
    recent = Widget[str | None]("data.recent")
    embedding = Widget[str]("data.embedding")
    second = Widget[str]("data.second")

    @classmethod
    def recall(cls) -> DataState:
        """Return the state of this session."""
        return _recall(cls, "", cls)

    @staticmethod
    def folder_key(folder: Path) -> str:
        """The key of the button that chooses a folder of images."""
        return f"use {folder}"


@attrs.define(eq=False)
class RunState:
    """The page Run: why a button did not do what it says, "" if it did."""

    problem: str = ""

    start_key = "run.start"
    runtime_form_key = "run.runtime"
    join_key = "run.join"
    join_form_key = "run.join.form"
    engine = Widget[str]("run.engine")
    learn_again = Widget[bool]("run.learn_again")

    @classmethod
    def recall(cls) -> RunState:
        """Return the state of this session."""
        return _recall(cls, "", cls)

    @staticmethod
    def components(kind: Kind) -> Widget[list[str]]:
        """Return the list of components of one kind."""
        return Widget(f"run.{kind}")

    @staticmethod
    def form_key(kind: Kind, full_name: str) -> str:
        """Return the key of the form of a component."""
        return f"run.{kind}.{full_name}"

    @staticmethod
    def fetch_key(kind: Kind, full_name: str) -> str:
        """Return the key of the button that fetches what a component needs."""
        return f"run.fetch.{kind}.{full_name}"

    @staticmethod
    def job_key(job: str, button: str) -> str:
        """Return the key of a button of a run."""
        return f"run.job.{job}.{button}"


@attrs.define(eq=False)
class ExploreState:
    """The page Explore, for one embedding: what is selected, and what was computed last.

    `clusterers` has the last valid clusterer of each form. `numbered` has the labels of the last clustering, as they
    were computed and with the numbers under which they are shown.
    """

    identity: str
    location: str
    selection: Selection = attrs.field(factory=AllImages)
    clusterers: dict[str, Clusterer] = attrs.field(factory=dict)
    numbered: tuple[Labels, Labels] | None = None

    colour_key = "explore.colour"
    noise_key = "explore.noise"
    labelled_key = "explore.labelled"

    @classmethod
    def recall(cls, opened: OpenEmbedding) -> ExploreState:
        """Return the state of this session for an embedding."""
        return _recall(cls, opened.identity, lambda: cls(opened.identity, opened.location))

    @property
    def embedding(self) -> Widget[str]:
        """The list of embeddings."""
        return Widget(f"explore.embedding {self.location}")

    @property
    def clusterer(self) -> Widget[str]:
        """The list of clusterers."""
        return Widget(f"explore.clusterer {self.identity}")

    @property
    def selected(self) -> Widget[Selection | str]:
        """The list of selections; Streamlit gives a text for an entry that has vanished from it meanwhile."""
        return Widget(f"explore.selected {self.identity}")

    @property
    def search(self) -> Widget[str]:
        """The field for a text in the names."""
        return Widget(f"explore.search {self.identity}")

    def form_key(self, clusterer: str) -> str:
        """Return the key of the form of a clusterer: a digest, for Streamlit allows no "__" in keys of components."""
        return digest([clusterer, self.identity])


@attrs.define(eq=False)
class WorklistState:
    """The page Work-list, for one embedding. `filled_for` is the key of the batch for which the class was filled in."""

    session: WorklistSession = attrs.field(factory=WorklistSession)
    filled_for: str = ""

    class_name = Widget[str | None]("worklist.class")
    gallery_key = "worklist.gallery"
    accept_key = "worklist.accept"
    skip_key = "worklist.skip"
    bring_back_key = "worklist.bring_back"

    @classmethod
    def recall(cls, opened: OpenEmbedding) -> WorklistState:
        """Return the state of this session for an embedding."""
        return _recall(cls, opened.identity, cls)


@attrs.frozen(eq=False)
class PreparedExport:
    """Files that an exporter wrote, as one ZIP archive for the browser."""

    exporter: Exporter
    zip_bytes: bytes
    file_count: int


@attrs.define(eq=False)
class LabelsState:
    """The page Labels: whose images are shown, None before the first time; the last import and export of datasets."""

    choice: ImageChoice | None = None
    import_by_location: dict[str, LabelImport] = attrs.field(factory=dict)
    export_by_location: dict[str, PreparedExport] = attrs.field(factory=dict)

    choices = Widget["ImageChoice | str"]("labels.choices")
    """Streamlit gives a text for an entry that has vanished from the list meanwhile."""
    gallery_key = "labels.gallery"
    upload_key = "labels.upload"
    exporter_key = "labels.exporter"
    importer_key = "labels.importer"
    prepare_key = "labels.prepare"
    remove_key = "labels.remove"
    confirm_key = "labels.confirm"
    drop_key = "labels.drop"
    action_key = "labels.action"
    turn_key = "labels.turn"

    @classmethod
    def recall(cls) -> LabelsState:
        """Return the state of this session."""
        return _recall(cls, "", cls)

    @staticmethod
    def form_key(name: str) -> str:
        """Return the key of the form of an exporter or importer."""
        return f"labels.form {name}"

    @staticmethod
    def upload_key_of(name: str) -> str:
        """Return the key of the files for an importer."""
        return f"labels.upload {name}"

    @staticmethod
    def name(label: str) -> Widget[str]:
        """Return the field for the name of a class."""
        return Widget(f"labels.name {label}")

    @staticmethod
    def colour(label: str, colour: str) -> Widget[str]:
        """Return the field for the colour of a class, which begins anew when the colour is changed elsewhere."""
        return Widget(f"labels.colour {label} {colour}")

    @staticmethod
    def merge_key(label: str) -> str:
        """Return the key of the list of classes into which a class can be merged."""
        return f"labels.merge {label}"


@attrs.define(eq=False)
class CompareState:
    """The page Compare, for two results: what is selected on which of the two sides."""

    side: int = 0
    selection: Selection = attrs.field(factory=AllImages)

    gallery_key = "compare.gallery"

    @classmethod
    def recall(cls, pair: str) -> CompareState:
        """Return the state of this session for two results."""
        return _recall(cls, pair, cls)

    @staticmethod
    def result_key(place: str, location: str) -> str:
        """Return the key of the list of results for one side."""
        return f"compare.{place} {location}"

    @staticmethod
    def map_key(place: str) -> str:
        """Return the key of the map on one side."""
        return f"compare.map.{place}"

    @staticmethod
    def measure_key(location: str) -> str:
        """Return the key of the switch that has all clusterings measured."""
        return f"compare.measure {location}"


class MethodsState:
    """The page Methods."""

    @staticmethod
    def table_key(location: str) -> str:
        """Return the key of the list of tables."""
        return f"methods.table {location}"


@attrs.define(eq=False)
class LabelBarState:
    """The bar that labels, on every page that has it: what its last action did, "" for nothing yet."""

    report: str = ""
    has_failed: bool = False

    class_name = Widget[str | None]("label_bar.class")
    label_key = "label_bar.label"
    remove_key = "label_bar.remove"
    """Without a key of its own, a button whose text has changed would be another button to Streamlit."""
    attach_key = "label_bar.attach"
    buttons_key = "labelling"
    """The key of the row of buttons, which the style sheet names too."""

    @classmethod
    def recall(cls) -> LabelBarState:
        """Return the state of this session."""
        return _recall(cls, "", cls)

    def set_report(self, report: str, has_failed: bool = False) -> None:
        """Set what the last action did, and whether it failed."""
        self.report, self.has_failed = report, has_failed


@attrs.define(eq=False)
class LabelNoticeState:
    """What every page says of labels that came back to a dataset, until a person has closed it; by its location."""

    sentences: dict[str, Sequence[str]] = attrs.field(factory=dict)
    closed: dict[str, Sequence[str]] = attrs.field(factory=dict)

    close_key = "label_notice.close"

    @classmethod
    def recall(cls) -> LabelNoticeState:
        """Return the state of this session."""
        return _recall(cls, "", cls)

    def is_new(self, location: str, sentences: Sequence[str]) -> bool:
        """Whether a person has not seen these sentences."""
        return bool(sentences) and sentences not in (self.sentences.get(location), self.closed.get(location))

    def add(self, location: str, sentences: Sequence[str]) -> None:
        """Show sentences from now on that are new."""
        if self.is_new(location, sentences):
            self.sentences[location] = sentences

    def close(self, location: str) -> None:
        """Show them no more."""
        self.closed[location] = self.sentences.pop(location, ())


@attrs.define(eq=False)
class GalleryState:
    """One gallery: what it shows, and the version of its images that the browser was given last."""

    key: str
    content: GalleryContent | None = None
    image_version: str = ""

    @classmethod
    def recall(cls, key: str) -> GalleryState:
        """Return the state of this session for a gallery."""
        return _recall(cls, key, lambda: cls(key))

    @property
    def order_key(self) -> str:
        """The key of the list of orders."""
        return f"{self.key}.order"

    def read_answer(self) -> Any:
        """Return which images are taken out, as the browser says it; None if it has said nothing."""
        return st.session_state.get(self.key, {}).get("out")


@attrs.frozen
class MapState:
    """One map, whose points are sent before it is shown."""

    key: str

    @property
    def points_key(self) -> str:
        """The key of the component that takes the points."""
        return f"{self.key}_points"

    @property
    def container_key(self) -> str:
        """The key of what is around that component, by which the style sheet hides it."""
        return f"points_{self.key}"

    def read_pick(self) -> object:
        """Return what a person picked, as the browser says it."""
        pick: object = st.session_state[self.key]["picked"]
        return pick


@attrs.frozen
class CurveState:
    """The curve of one option of a form."""

    key: str

    def read_value(self) -> object:
        """Return the value that a person set on the curve."""
        setting: object = st.session_state[self.key]["set"]
        return setting


@attrs.frozen
class OptionState:
    """The widgets of one option of a form."""

    key: str

    @property
    def value(self) -> Widget[Any]:
        """The widget of the value."""
        return Widget(self.key)

    @property
    def is_none(self) -> Widget[bool]:
        """The box that means none."""
        return Widget(f"{self.key}.none")

    @property
    def list_key(self) -> str:
        """The key of the button that lists the choices."""
        return f"{self.key}.list"

    @property
    def curve(self) -> CurveState:
        """The curve under the widget."""
        return CurveState(f"{self.key}.curve")

    def recall_choices(self) -> ListedChoices:
        """Return the choices that were listed last."""
        return _recall(ListedChoices, self.key, ListedChoices)


@attrs.define(eq=False)
class ListedChoices:
    """The choices that were listed for an option, with the settings of the options before it."""

    settings: dict[str, Any] = attrs.field(factory=dict)
    choices: list[Any] = attrs.field(factory=list)
