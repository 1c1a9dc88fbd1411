"""A field for the name of a class, with chips that give a class at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from covey.frontend import LabelClass
from covey_dashboard.browser.binary_payload import pack_payload
from covey_dashboard.browser.browser_component import component
from covey_dashboard.state import ClassFieldState

_component = component("class_field", "class_input")


def show_class_field(
    key: str,
    classes: Sequence[LabelClass],
    give: Callable[[str], None],
    verb: str,
    *,
    subject: str = "",
    suggestion: str = "",
) -> str:
    """Show the field and the chips, and return the name in the field.

    Args:
        key: tells this field from others.
        classes: those that exist, the first nine of which have chips.
        give: called with the name of a class when a person chooses its chip, or presses its key among the images.
        verb: what `give` does with the class, such as "Give".
        subject: what is named; for another one the field begins anew.
        suggestion: the name with which it begins.
    """
    state = ClassFieldState.recall(key)
    name = state.read_name(subject, suggestion)
    fields = {
        "classes": list_choices(classes),
        "suggestion": name,
        "subject": subject,
        "verb": verb,
        "answered": state.answered,
    }
    _component(
        key=key,
        data=pack_payload(fields),
        on_name_change=_ignore,
        on_requests_change=partial(_answer_requests, state, give),
    )
    return name


def list_choices(classes: Sequence[LabelClass]) -> list[dict[str, str]]:
    """Return classes as the fields for their names in the browser take them."""
    return [{"name": label_class.name, "colour": label_class.colour} for label_class in classes]


def find_class(names: Iterable[str], text: str) -> str:
    """Return the name of the class that a text means: one that exists, if need be in other case, or else a new one."""
    name = text.strip()
    equal_names = [known for known in names if known.casefold() == name.casefold()]
    return name if name in equal_names or not equal_names else equal_names[0]


def _answer_requests(state: ClassFieldState, give: Callable[[str], None]) -> None:
    for request in state.take_requests():
        give(str(request["name"]))


def _ignore() -> None:
    """Do nothing: a component reports only changes for which a function is named."""
