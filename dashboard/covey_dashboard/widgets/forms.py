"""Forms made from the options that a component declares."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import attrs
import streamlit as st

from covey import CoveyError
from covey.frontend import Component, Option, allowed_choices, build, format_value, options
from covey_dashboard.server.read_only import REASON, is_read_only, refuse_if_read_only
from covey_dashboard.state import ListedChoices, OptionState
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
) -> C | None:
    """Show a widget for every option of a component class; those for experts are folded away.

    Args:
        cls: the component class.
        key: tells the widgets of this form from all others.
        start: the options to start with; by default those that are declared.
        show_under: shows something under the widget of an option.

    Returns:
        The component with the options that a person set; None, having shown why, if it cannot be built.
    """
    declared = [_started(option, start) for option in options(cls)]
    settings: dict[str, Any] = {}
    _show_widgets(cls, [option for option in declared if not option.expert], settings, key, show_under)
    experts = [option for option in declared if option.expert]
    if experts:
        with st.expander("For experts"):
            _show_widgets(cls, experts, settings, key, show_under)
    try:
        return build(cls, settings)
    except CoveyError as error:
        show_problem(str(error))
        return None


def _started(option: Option, start: Component | None) -> Option:
    """Return an option with the value to start with in the place of its default."""
    initial = option.default if start is None else getattr(start, option.name)
    return option if initial == option.default else attrs.evolve(option, default=initial, optional=initial is None)


def set_option(state: OptionState, setting: Any) -> None:
    """Set the widget of an option, before it is shown again."""
    state.value.set(setting)
    if state.is_none.is_known:
        state.is_none.set(False)


def _show_widgets(
    cls: type[Component],
    declared: Iterable[Option],
    settings: dict[str, Any],
    key: str,
    show_under: Callable[[Option, OptionState], None],
) -> None:
    for option in declared:
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
    """Show a widget beside a box that means none."""
    wide, narrow = st.columns([3, 1.3], vertical_alignment="bottom")
    is_none = narrow.checkbox("none", value=option.default is None, key=state.is_none.key)
    with wide:
        setting = _show_value(option, _start(option), state, disabled=is_none)
    return None if is_none else setting


def _show_value(option: Option, default: Any, state: OptionState, disabled: bool = False) -> Any:
    shared: dict[str, Any] = {"key": state.key, "help": option.help, "disabled": disabled}
    if option.many:
        return option.parse(st.text_input(label(option), format_value(default), placeholder="a, b, c", **shared))
    if option.type is bool:
        return st.toggle(label(option), default, **shared)
    if option.type is str:
        return st.text_input(label(option), default, **shared)
    return _show_number(option, default, shared)


def _show_number(option: Option, default: Any, shared: dict[str, Any]) -> Any:
    low, high = _bounds(option)
    step = _step(option, low, high)
    written_as = "%d" if option.type is int else "%g"
    if low is not None and high is not None and 1 <= (high - low) / step <= MOST_STEPS:
        first = min(low + step, default) if option.gt == low else low
        last = max(high - step, default) if option.lt == high else high
        return st.slider(label(option), first, last, default, step, format=written_as, **shared)
    return st.number_input(label(option), low, high, default, step, format=written_as, **shared)


def _show_choices(option: Option, allowed: Sequence[Any], state: OptionState) -> Any:
    shared: dict[str, Any] = {"key": state.key, "help": option.help, "format_func": format_value}
    if option.many:
        return st.multiselect(label(option), allowed, option.default_elements, **shared)
    listed = [None, *allowed] if option.optional else list(allowed)
    return st.selectbox(label(option), listed, listed.index(option.default), **shared)


def _show_listable(cls: type[Component], option: Option, settings: dict[str, Any], state: OptionState) -> Any:
    """Show a field that takes any value; its choices, which may take long to find, are listed on demand."""
    wide, narrow = st.columns([3, 1.3], vertical_alignment="bottom")
    explanation = REASON if is_read_only() else "List what can be chosen here."
    list_now = narrow.button("List", state.list_key, explanation, width="stretch", disabled=is_read_only())
    listed = _list_choices(cls, option, settings, state.recall_choices(), list_now)
    shared: dict[str, Any] = {
        "key": state.key, "help": option.help, "accept_new_options": True, "format_func": format_value
    }  # fmt: skip
    with wide:
        if option.many:
            default = option.default_elements
            offered = list(dict.fromkeys([*default, *listed]))
            return [_read(option, value) for value in st.multiselect(label(option), offered, default, **shared)]
        none = [None] if option.optional else []
        offered = list(dict.fromkeys([option.default, *none, *listed]))
        return _read(option, st.selectbox(label(option), offered, 0, **shared))


def _list_choices(
    cls: type[Component], option: Option, settings: dict[str, Any], listed: ListedChoices, list_now: bool
) -> list[Any]:
    """Return the choices that were listed for the options `settings`, listing them now if that is asked for."""
    if list_now:
        try:
            refuse_if_read_only()
            with st.spinner("Listing"):
                choices = allowed_choices(build(cls, settings), option.name)
                listed.settings, listed.choices = dict(settings), list(choices or ())
        except CoveyError as error:
            show_problem(str(error))
    return listed.choices if listed.settings == settings else []


def label(option: Option) -> str:
    """Return what stands above a widget."""
    return option.name.replace("_", " ").capitalize()


def _read(option: Option, text: Any) -> Any:
    """Return one value that may have been typed in as a text."""
    return attrs.evolve(option, many=False).parse(text) if isinstance(text, str) else text


def _start(option: Option) -> Any:
    """Return what an optional widget shows while the value is none."""
    if option.default is not None:
        return option.default
    if option.many:
        return ()
    if option.type in (bool, str):
        return option.type()
    low, high = _bounds(option)
    step = _step(option, low, high)
    if low is None:
        return option.type(0) if high is None else high - step
    return low + step if high is None else min(low + step, high)


def _bounds(option: Option) -> tuple[Any, Any]:
    """Return the least and the greatest value of a number; None where there is none that a browser can hold."""
    low = max((bound for bound in (option.ge, option.gt) if bound is not None), default=-math.inf)
    high = min((bound for bound in (option.le, option.lt) if bound is not None), default=math.inf)
    if option.type is int and low > -math.inf:
        low = math.floor(low) + 1 if low == option.gt else math.ceil(low)
    if option.type is int and high < math.inf:
        high = math.ceil(high) - 1 if high == option.lt else math.floor(high)
    return _clip(option, low), _clip(option, high)


def _clip(option: Option, bound: float) -> Any:
    return option.type(bound) if abs(bound) <= _LARGEST else None


def _step(option: Option, low: Any, high: Any) -> Any:
    """Return the step of a number: as declared, or a hundredth of its range, or a tenth of its default's magnitude."""
    if option.type is int:
        return max(1, round(option.step or 1))
    if option.step or (low is not None and high is not None and high > low):
        return float(option.step or (high - low) / 100)
    default = option.default if isinstance(option.default, int | float) else 0
    return 10.0 ** (math.floor(math.log10(abs(default))) - 1) if default else 0.01
