"""Every option that can be declared gets a widget, and what a person sets there arrives in the component."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest


def script() -> None:
    """A page with the form of a component that nobody else knows."""

    import typing

    import streamlit as st

    from covey import Clusterer, CoveyError, component, option
    from covey_dashboard.widgets.forms import show_form

    def songs(component: typing.Any) -> list[str]:
        if not component.switch:
            raise CoveyError("There are songs only with the switch on.")
        return ["trill", "whistle", "whistle of " + component.text]

    def levels(component: typing.Any) -> list[int]:
        return [1, 2, 3]

    @component
    class Strange(Clusterer):
        name = "strange"

        switch: bool = option(default=True, help="A switch.")
        bounded: float = option(default=0.4, ge=0, le=1, step=0.1, help="A bounded number.")
        open_bounds: float = option(default=0.5, gt=0, lt=1, step=0.25, help="Neither end.")
        count: int = option(default=3, gt=0, lt=9, help="A bounded count.")
        seed: int = option(default=0, ge=0, le=2**64, help="A huge range.")
        free: float = option(default=0.0005, gt=0, help="Bounded on one side.")
        below: int = option(default=-1, le=5, help="Bounded above.")
        text: str = option(default="wren", help="A text.")
        method: str = option(default="b", choices=("a", "b"), help="One of these.")
        several: tuple[str, ...] = option(default=("x",), choices=("x", "y"), help="Some of these.")
        sizes: tuple[int, ...] = option(default=(8,), ge=1, plural=True, help="A list.")
        maybe: int | None = option(default=None, ge=2, help="A count or none.")
        perhaps: float | None = option(default=2.5, help="A number or none.")
        words: tuple[str, ...] | None = option(default=("p", "q"), help="A list or none.")
        either: str | None = option(default=None, choices=("a", "b"), help="One or none.")
        flag: bool | None = option(default=None, help="Yes, no or none.")
        song: str = option(default="any", choices=songs, help="Listed on demand.")
        layers: tuple[int, ...] = option(default=(1,), choices=levels, help="Several, listed on demand.")
        secret: float = option(default=1.0, expert=True, help="For experts.")

        def cluster(self, Z):  # type: ignore[no-untyped-def]
            raise NotImplementedError

    st.session_state["made"] = show_form(Strange, "strange")


@pytest.fixture
def page() -> AppTest:
    features_of_images = AppTest.from_function(script, default_timeout=120).run()
    assert not features_of_images.exception
    return features_of_images


def built_value(page: AppTest, name: str) -> Any:
    assert not page.exception
    return getattr(page.session_state["made"], name)


def test_an_untouched_form_gives_the_defaults(page: AppTest) -> None:
    component = page.session_state["made"]
    assert component == type(component)()


WIDGETS = [
    ("switch", "toggle", False, False),
    ("bounded", "slider", 0.7, 0.7),
    ("open_bounds", "slider", 0.75, 0.75),
    ("count", "slider", 8, 8),
    ("seed", "number_input", 12345, 12345),
    ("free", "number_input", 0.25, 0.25),
    ("below", "number_input", 5, 5),
    ("text", "text_input", "**robin**", "**robin**"),
    ("method", "selectbox", "a", "a"),
    ("several", "multiselect", ["y", "x"], ("y", "x")),
    ("sizes", "text_input", "2, 4,8", (2, 4, 8)),
    ("perhaps", "number_input", 7.5, 7.5),
    ("words", "text_input", "r", ("r",)),
    ("either", "selectbox", "a", "a"),
    ("secret", "number_input", 3.0, 3.0),
]


@pytest.mark.parametrize(("name", "kind", "value", "expected"), WIDGETS, ids=[row[0] for row in WIDGETS])
def test_what_is_set_arrives(page: AppTest, name: str, kind: str, value: Any, expected: Any) -> None:
    widget = getattr(page, kind)(key=f"strange.{name}")
    assert widget.help
    widget.set_value(value).run()
    assert built_value(page, name) == expected


def test_a_slider_keeps_to_the_bounds_and_the_step(page: AppTest) -> None:
    sliders = {slider.key: (slider.min, slider.max, slider.step) for slider in page.slider}
    assert sliders == {
        "strange.bounded": (0.0, 1.0, 0.1),
        "strange.open_bounds": (0.25, 0.75, 0.25),
        "strange.count": (1, 8, 1),
    }


def test_a_number_bounded_on_one_side_is_bounded_there(page: AppTest) -> None:
    assert page.number_input(key="strange.below").max == 5
    assert page.number_input(key="strange.free").min == 0


@pytest.mark.parametrize("name", ["perhaps", "words"])
def test_an_optional_value_can_be_none(page: AppTest, name: str) -> None:
    page.checkbox(key=f"strange.{name}.none").check().run()
    assert built_value(page, name) is None


@pytest.mark.parametrize(("name", "value"), [("maybe", 3), ("flag", False)])
def test_none_can_become_a_value(page: AppTest, name: str, value: Any) -> None:
    page.checkbox(key=f"strange.{name}.none").uncheck().run()
    assert built_value(page, name) == value


def test_a_choice_can_be_none_again(page: AppTest) -> None:
    page.selectbox(key="strange.either").set_value("a").run()
    page.selectbox(key="strange.either").set_value(None).run()
    assert built_value(page, "either") is None


def test_options_for_experts_are_folded_away(page: AppTest) -> None:
    (expander,) = page.expander
    assert [widget.key for widget in expander.number_input] == ["strange.secret"]


def test_choices_on_demand_are_listed_when_asked_for(page: AppTest) -> None:
    assert page.selectbox(key="strange.song").options == ["any"]
    page.text_input(key="strange.text").set_value("a robin").run()
    page.button(key="strange.song.list").click().run()
    assert page.selectbox(key="strange.song").options == ["any", "trill", "whistle", "whistle of a robin"]
    page.selectbox(key="strange.song").set_value("trill").run()
    assert built_value(page, "song") == "trill"
    page.button(key="strange.layers.list").click().run()
    page.multiselect(key="strange.layers").set_value([3, 1]).run()
    assert built_value(page, "layers") == (3, 1)


def test_choices_that_cannot_be_listed_are_a_sentence(page: AppTest) -> None:
    page.toggle(key="strange.switch").set_value(False).run()
    page.button(key="strange.song.list").click().run()
    assert not page.exception
    assert "There are songs only with the switch on." in page.html[0].value


@pytest.mark.parametrize(
    ("kind", "name", "value", "sentence"),
    [
        ("text_input", "sizes", "2, many", "strange: option &#x27;sizes&#x27; must be a list"),
        ("text_input", "sizes", "", "option &#x27;sizes&#x27; needs at least one value"),
        ("number_input", "free", 0.0, "must be a number greater than 0, not 0.0"),
    ],
)
def test_a_wrong_value_is_a_sentence_and_no_component(
    page: AppTest, kind: str, name: str, value: Any, sentence: str
) -> None:
    getattr(page, kind)(key=f"strange.{name}").set_value(value).run()
    assert page.session_state["made"] is None
    assert sentence in page.html[0].value


def conditional_script() -> None:
    """A page with the form of a component with an option that depends on another one, and with paths."""

    import streamlit as st

    from covey import Clusterer, component, option
    from covey_dashboard.widgets.forms import show_form

    @component
    class Conditional(Clusterer):
        name = "conditional"

        xi: float = option(default=0.05, gt=0, lt=1, when={"method": "xi"}, help="Steepness.")
        method: str = option(default="xi", choices=("xi", "dbscan"), help="A method.")
        eps: float = option(default=0.5, gt=0, le=9, when={"method": "dbscan"}, expert=True, help="Radius.")
        classes: str = option(default="", path="file", help="A table of classes.")

        def cluster(self, Z):  # type: ignore[no-untyped-def]
            raise NotImplementedError

    st.session_state["made"] = show_form(Conditional, "conditional")


def test_an_option_is_shown_only_where_it_makes_a_difference() -> None:
    page = AppTest.from_function(conditional_script, default_timeout=120).run()
    assert [slider.label for slider in page.slider] == ["Xi"]
    page.slider(key="conditional.xi").set_value(0.3).run()
    assert built_value(page, "xi") == 0.3
    page.selectbox(key="conditional.method").set_value("dbscan").run()
    assert [slider.label for slider in page.slider] == ["Eps"]
    assert built_value(page, "xi") == 0.05
    assert "Only if method is dbscan." in page.slider(key="conditional.eps").help


def test_a_path_that_does_not_exist_is_said_in_the_form() -> None:
    page = AppTest.from_function(conditional_script, default_timeout=120).run()
    page.text_input(key="conditional.classes").set_value("no/such/file.csv").run()
    assert page.session_state["made"] is None
    assert "there is no file &#x27;no/such/file.csv&#x27;" in page.get("html")[0].proto.body
    page.text_input(key="conditional.classes").set_value(__file__).run()
    assert built_value(page, "classes") == __file__


def worded_script() -> None:
    """A page with the form of a component whose options have plain names."""

    import streamlit as st

    from covey import Clusterer, component, option
    from covey_dashboard.widgets.forms import show_form

    @component
    class Worded(Clusterer):
        name = "worded"

        eps: float | None = option(default=None, gt=0, title="Group tightness", none="automatic", help="A radius.")
        most: str | None = option(default=None, choices=("a", "b"), none="all", help="One or all.")
        cut: str = option(default="grid", choices=("grid", "whole"), help="Not shown.")

        def cluster(self, Z):  # type: ignore[no-untyped-def]
            raise NotImplementedError

    st.session_state["made"] = show_form(Worded, "worded", Worded(cut="whole"), hidden=("cut",))


def test_options_are_named_in_words_and_none_says_what_it_means() -> None:
    page = AppTest.from_function(worded_script, default_timeout=120).run()
    assert [field.label for field in page.number_input] == ["Group tightness (eps)"]
    assert [box.label for box in page.checkbox] == ["automatic"]
    assert page.selectbox(key="worded.most").options == ["all", "a", "b"]
    assert built_value(page, "cut") == "whole"
    assert built_value(page, "eps") is None
