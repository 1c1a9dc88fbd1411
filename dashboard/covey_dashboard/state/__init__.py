"""What a session remembers of each page, and what the address says.

No other package knows the keys of Streamlit's session or the parameters of the address. Streamlit forgets the content
of a widget when its page is left, unless it is shown with `persist_state=KEPT`; the fields of a state last as long as
the session.
"""

from covey_dashboard.state.component_forms import CurveState, ListedChoices, OptionState
from covey_dashboard.state.every_page import JobBarState, TourState
from covey_dashboard.state.labelling import (
    PERSON,
    PERSON_COOKIE,
    ClassFieldState,
    LabelBarState,
    LabelNoticeState,
    LabelWatch,
    PersonState,
    VisitState,
)
from covey_dashboard.state.open import OpenState
from covey_dashboard.state.pages.compare import CompareState, ImagesInFlow
from covey_dashboard.state.pages.explore import ExploreState
from covey_dashboard.state.pages.labels import LabelsState, PreparedExport
from covey_dashboard.state.pages.methods import MethodsState
from covey_dashboard.state.pages.name_groups import GivenClass, NameGroupsState
from covey_dashboard.state.pages.similar import SimilarState
from covey_dashboard.state.pages.start import StartState, SurveyTable
from covey_dashboard.state.pages.worklist import WorklistState
from covey_dashboard.state.views import FilterState, GalleryState, MapState
from covey_dashboard.state.widget import KEPT, Widget, must_begin_anew

__all__ = [
    "KEPT",
    "PERSON",
    "PERSON_COOKIE",
    "ClassFieldState",
    "CompareState",
    "CurveState",
    "ExploreState",
    "FilterState",
    "GalleryState",
    "GivenClass",
    "ImagesInFlow",
    "JobBarState",
    "LabelBarState",
    "LabelNoticeState",
    "LabelWatch",
    "LabelsState",
    "ListedChoices",
    "MapState",
    "MethodsState",
    "NameGroupsState",
    "OpenState",
    "OptionState",
    "PersonState",
    "PreparedExport",
    "SimilarState",
    "StartState",
    "SurveyTable",
    "TourState",
    "VisitState",
    "Widget",
    "WorklistState",
    "must_begin_anew",
]
