"""Forms made from the options that a component declares."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, TypeVar

import attrs
import streamlit as st

from covey import CoveyError
from covey.frontend import Component, Option, allowed_choices, build, check_paths, format_value, options
from covey_dashboard.server.read_only import REASON, is_read_only, refuse_if_read_only
from covey_dashboard.state import KEPT, ListedChoices, OptionState
from covey_dashboard.widgets.messages import show_problem

C = TypeVar("C", bound=Component)
MOST_STEPS = 1000
"""A slider with more steps cannot be set by hand."""
_LARGEST = 2**53 - 1
"""The largest whole number that a browser can tell from its neighbours."""


def _show_nothing(option: Option, state: OptionState) -> None:
    """Put nothing under a widget."""


def show_form(
    cls: type[C],
    key: str,
    start: C | None = None,
    show_under: Callable[[Option, OptionState], None] = _show_nothing,
    hidden: Collection[str] = (),
) -> C | None:
    """Show a widget for every option of a component class that counts; those for experts are folded away.

    Args:
        cls: the component class.
        key: tells the widgets of this form from all others.
        start: the options to start with; by default those that are declared.
        show_under: shows something under the widget of an option.
        hidden: names of options that are not shown and stay as they are.

    Returns:
        The component with the options that a person set; None, having shown why, if it cannot be built.
    """
    all_options = [_with_initial_value(option, start) for option in options(cls)]
    shown_options = [option for option in all_options if option.name not in hidden]
    settings: dict[str, Any] = {option.name: option.default for option in all_options if option.name in hidden}
    _show_widgets(cls, [option for option in shown_options if not option.expert], settings, key, show_under)
    expert_options = [option for option in shown_options if option.expert]
    if expert_options:
        with st.expander("For experts"):
            _show_widgets(cls, expert_options, settings, key, show_under)
    try:
        component = build(cls, settings)
        check_paths(component)
        return component
    except CoveyError as error:
        show_problem(str(error))
        return None


def _with_initial_value(option: Option, start: Component | None) -> Option:
    """Return an option whose default is the value of `start`, or its own default without `start`."""
    initial = option.default if start is None else getattr(start, option.name)
    return option if initial == option.default else attrs.evolve(option, default=initial, optional=initial is None)


def set_option(state: OptionState, setting: Any) -> None:
    """Set the widget of an option, before it is shown again."""
    state.value.set(setting)
    if state.is_none.is_known:
        state.is_none.set(False)


def _show_widgets(
    cls: type[Component],
    shown_options: Iterable[Option],
    settings: dict[str, Any],
    key: str,
    show_under: Callable[[Option, OptionState], None],
) -> None:
    for option in shown_options:
        if not option.counts(settings):
            continue
        state = OptionState(f"{key}.{option.name}")
        settings[option.name] = _show_option(cls, option, settings, state)
        show_under(option, state)


def _show_option(cls: type[Component], option: Option, settings: dict[str, Any], state: OptionState) -> Any:
    """Show the widget for one option; return its value. `settings` are the options before it."""
    if callable(option.choices):
        return _show_listable(cls, option, settings, state)
    if option.choices is not None:
        return _show_choices(option, option.choices, state)
    return _show_optional(option, state) if option.optional else _show_value(option, option.default, state)


def _show_optional(option: Option, state: OptionState) -> Any:
    """Show a widget beside a box that means None."""
    value_column, none_column = st.columns([3, 1.3], vertical_alignment="bottom")
    is_none = none_column.checkbox(option.none, value=option.default is None, key=state.is_none.key, persist_state=KEPT)
    with value_column:
        setting = _show_value(option, _initial_value(option), state, disabled=is_none)
    return None if is_none else setting


def _show_value(option: Option, default: Any, state: OptionState, disabled: bool = False) -> Any:
    widget_arguments: dict[str, Any] = {
        "key": state.key, "help": option.full_help, "disabled": disabled, "persist_state": KEPT
    }  # fmt: skip
    if option.many:
        return option.parse(
            st.text_input(option.label, format_value(default), placeholder="a, b, c", **widget_arguments)
        )
    if option.type is bool:
        return st.toggle(option.label, default, **widget_arguments)
    if option.type is str:
        return st.text_input(
            option.label, default, placeholder=option.path and f"path of a {option.path}", **widget_arguments
        )
    return _show_number(option, default, widget_arguments)


def _show_number(option: Option, default: Any, widget_arguments: dict[str, Any]) -> Any:
    least, greatest = _number_bounds(option)
    step = _number_step(option, least, greatest)
    number_format = "%d" if option.type is int else "%g"
    if least is not None and greatest is not None and 1 <= (greatest - least) / step <= MOST_STEPS:
        slider_start = min(least + step, default) if option.gt == least else least
        slider_end = max(greatest - step, default) if option.lt == greatest else greatest
        return st.slider(
            option.label, slider_start, slider_end, default, step, format=number_format, **widget_arguments
        )
    return st.number_input(option.label, least, greatest, default, step, format=number_format, **widget_arguments)


def _show_choices(option: Option, allowed: Sequence[Any], state: OptionState) -> Any:
    widget_arguments: dict[str, Any] = {
        "key": state.key, "help": option.full_help, "persist_state": KEPT,
        "format_func": partial(_format_choice, option),
    }  # fmt: skip
    if option.many:
        return st.multiselect(option.label, allowed, option.default_elements, **widget_arguments)
    choices = [None, *allowed] if option.optional else list(allowed)
    return st.selectbox(option.label, choices, choices.index(option.default), **widget_arguments)


def _show_listable(cls: type[Component], option: Option, settings: dict[str, Any], state: OptionState) -> Any:
    """Show a field that takes any value; its choices, which may take long to find, are listed on demand."""
    value_column, button_column = st.columns([3, 1.3], vertical_alignment="bottom")
    explanation = REASON if is_read_only() else "Show all that can be chosen here."
    list_now = button_column.button("Show all", state.list_key, explanation, width="stretch", disabled=is_read_only())
    state_of_list = state.recall_choices()
    listed_choices = _list_choices(cls, option, settings, state_of_list, list_now)
    widget_arguments: dict[str, Any] = {
        "key": state.key, "help": option.full_help, "accept_new_options": True, "persist_state": KEPT,
        "format_func": partial(_format_choice, option, remarks=state_of_list.remarks),
    }  # fmt: skip
    with value_column:
        if option.many:
            default = option.default_elements
            offered_choices = list(dict.fromkeys([*default, *listed_choices]))
            return [
                _parse_choice(option, value)
                for value in st.multiselect(option.label, offered_choices, default, **widget_arguments)
            ]
        none_choices = [None] if option.optional else []
        offered_choices = list(dict.fromkeys([option.default, *none_choices, *listed_choices]))
        return _parse_choice(option, st.selectbox(option.label, offered_choices, 0, **widget_arguments))


def _list_choices(
    cls: type[Component], option: Option, settings: dict[str, Any], listed_choices: ListedChoices, list_now: bool
) -> list[Any]:
    """Return the choices that were listed for the options `settings`, listing them now if that is asked for."""
    if list_now:
        try:
            refuse_if_read_only()
            with st.spinner("Listing"):
                component = build(cls, settings)
                choices = list(allowed_choices(component, option.name) or ())
                remarks = {choice: component.describe_choice(option.name, str(choice)) for choice in choices}
                listed_choices.settings, listed_choices.choices = dict(settings), choices
                listed_choices.remarks = remarks
        except CoveyError as error:
            show_problem(str(error))
    return listed_choices.choices if listed_choices.settings == settings else []


def _format_choice(option: Option, choice: Any, remarks: Mapping[Any, str] = MappingProxyType({})) -> str:
    """Return a choice as people read it, with what they should know of it."""
    words = option.none if choice is None else format_value(choice)
    return f"{words} ({remarks[choice]})" if remarks.get(choice) else words


def _parse_choice(option: Option, text: Any) -> Any:
    """Return one value that may have been typed in as a text."""
    return attrs.evolve(option, many=False).parse(text) if isinstance(text, str) else text


def _initial_value(option: Option) -> Any:
    """Return what an optional widget shows while the value is none."""
    if option.default is not None:
        return option.default
    if option.many:
        return ()
    if option.type in (bool, str):
        return option.type()
    least, greatest = _number_bounds(option)
    step = _number_step(option, least, greatest)
    if least is None:
        return option.type(0) if greatest is None else greatest - step
    return least + step if greatest is None else min(least + step, greatest)


def _number_bounds(option: Option) -> tuple[float | None, float | None]:
    """Return the least and the greatest value of a number; None where there is none that a browser can hold."""
    least = max((bound for bound in (option.ge, option.gt) if bound is not None), default=-math.inf)
    greatest = min((bound for bound in (option.le, option.lt) if bound is not None), default=math.inf)
    if option.type is int and least > -math.inf:
        least = math.floor(least) + 1 if least == option.gt else math.ceil(least)
    if option.type is int and greatest < math.inf:
        greatest = math.ceil(greatest) - 1 if greatest == option.lt else math.floor(greatest)
    return _clip(option, least), _clip(option, greatest)


def _clip(option: Option, bound: float) -> float | None:
    return option.type(bound) if abs(bound) <= _LARGEST else None


def _number_step(option: Option, least: float | None, greatest: float | None) -> float:
    """Return the step of a number: as declared, or a hundredth of its range, or a tenth of its default's magnitude."""
    if option.type is int:
        return max(1, round(option.step or 1))
    if option.step:
        return float(option.step)
    if least is not None and greatest is not None and greatest > least:
        return (greatest - least) / 100
    default = option.default if isinstance(option.default, int | float) else 0
    return 10.0 ** (math.floor(math.log10(abs(default))) - 1) if default else 0.01
