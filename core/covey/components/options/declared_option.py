"""One option of a component, as declared: its bounds and conditions in words, and how a value is read and checked."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import attrs

from covey._base.errors import did_you_mean

Scalar = bool | int | float | str
"""One value of an option."""
Setting = Scalar | tuple[Scalar, ...] | None
"""The value of an option as components hold it."""
Conditions = Mapping[str, Scalar | Sequence[Scalar]]
"""The values that other options must have."""
FrozenConditions = tuple[tuple[str, tuple[Scalar, ...]], ...]
PathKind = Literal["file", "folder"]
Choices = Sequence[Scalar] | Callable[[Any], Iterable[Scalar]]
TYPE_NOUNS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def _freeze_conditions(conditions: Conditions | FrozenConditions | None) -> FrozenConditions:
    """Return conditions as a value that can be hashed: each name with the values that it must have one of."""
    if isinstance(conditions, tuple):
        return conditions
    pairs = (conditions or {}).items()
    return tuple((name, tuple(value) if isinstance(value, tuple | list) else (value,)) for name, value in pairs)


@attrs.frozen
class Option:
    """One option of a component, as declared.

    Attributes:
        name: name of the field.
        type: type of one value: bool, int, float or str.
        many: whether the option holds a tuple of values.
        optional: whether the option may be None.
        default: value that the option has if none is given.
        choices: allowed values, or a function that computes them for a component and is called only on demand.

    The other attributes are the arguments of `option()`.
    """

    name: str
    type: type
    many: bool
    optional: bool
    default: Setting
    help: str
    gt: float | None = None
    ge: float | None = None
    lt: float | None = None
    le: float | None = None
    step: float | None = None
    choices: Choices | None = None
    expert: bool = False
    live: bool = False
    plural: bool = False
    learning: bool = False
    when: FrozenConditions = attrs.field(default=(), converter=_freeze_conditions)
    path: PathKind | None = None
    absent: Scalar | None = None
    title: str = ""
    none: str = "none"

    @property
    def label(self) -> str:
        """What a person reads beside it: its title with the name in brackets, or the name in words."""
        return f"{self.title} ({self.name})" if self.title else self.name.replace("_", " ").capitalize()

    @property
    def condition(self) -> str:
        """When the option counts, in words: "method is xi or dbscan"; "" if always."""
        return " and ".join(f"{name} is {' or '.join(map(format_value, values))}" for name, values in self.when)

    @property
    def full_help(self) -> str:
        """The help, and when the option counts."""
        return f"{self.help} Only if {self.condition}." if self.when else self.help

    def counts(self, settings: Mapping[str, object]) -> bool:
        """Whether the option makes a difference beside these values of the others."""
        return all(settings.get(name) in values for name, values in self.when)

    def is_in_key(self, settings: Mapping[str, object]) -> bool:
        """Whether these values of all options have a key in which the option stands."""
        return self.counts(settings) and (self.absent is None or settings.get(self.name) != self.absent)

    def find_path_problem(self, setting: object) -> str:
        """Return why the path that an option holds cannot be read; "" if it can, or if it is no path."""
        if self.path is None or setting in (None, "", self.default):
            return ""
        for text in setting if isinstance(setting, tuple | list) else (setting,):
            path = Path(str(text)).expanduser()
            if not (path.is_file() if self.path == "file" else path.is_dir()):
                return f"option {self.name!r}: there is no {self.path} {str(text)!r}."
        return ""

    @property
    def bounds(self) -> str:
        """The bounds in words: "greater than 0 and at most 1", or ""."""
        words = {"gt": "greater than", "ge": "at least", "lt": "less than", "le": "at most"}
        return " and ".join(f"{words[comparison]} {bound:.12g}" for comparison, bound in self._bounds())

    @property
    def expected(self) -> str:
        """What a value must be, in words."""
        if isinstance(self.choices, Sequence):
            requirement = "one of " + ", ".join(map(str, self.choices))
        else:
            requirement = " ".join(filter(None, [TYPE_NOUNS[self.type], self.bounds]))
        requirement = f"a list, each {requirement}" if self.many else requirement
        return f"{requirement}, or none" if self.optional else requirement

    @property
    def default_elements(self) -> list[Scalar]:
        """The elements of the default, if the option holds a tuple of values."""
        return list(self.default) if isinstance(self.default, tuple) else []

    def convert(self, setting: object) -> Setting:
        """Return a setting in the form in which components hold it: a list as a tuple, an int for a float as a float.

        Raises:
            ValueError: the setting is not allowed; the message says what is expected.
        """
        if self.optional and (setting is None or (isinstance(setting, str) and setting == "none")):  # TOML has no null
            return None
        if not self.many:
            return self._convert_scalar(setting)
        settings: Sequence[object] = setting if isinstance(setting, tuple | list) else (setting,)
        scalars = tuple(self._convert_scalar(element) for element in settings)
        if self.plural and not scalars:
            raise ValueError(f"option {self.name!r} needs at least one value.")
        return tuple(dict.fromkeys(scalars)) if self.plural else scalars

    def parse(self, text: str) -> Setting | list[Scalar]:
        """Return the setting that a text on the command line stands for, unchecked.

        Commas separate the elements of a list. If the option expects one number, or one of fixed choices, they separate
        alternatives, which are returned as a list.
        """
        if self.optional and text.strip().lower() == "none":
            return None
        elements = [self._parse_scalar(part.strip()) for part in text.split(",") if part.strip()]
        if self.many:
            return tuple(elements)
        is_free_text = self.type is str and not set(elements) <= set(self._fixed_choices())
        return elements if len(elements) > 1 and not is_free_text else self._parse_scalar(text.strip())

    def _parse_scalar(self, text: str) -> Scalar:
        if self.type is bool:
            return _BOOLEANS.get(text.lower(), text)
        try:
            return int(text) if self.type is int else float(text) if self.type is float else text
        except ValueError:
            return text

    def _convert_scalar(self, setting: object) -> Scalar:
        scalar = _as_python_scalar(setting)
        if self.type is float and type(scalar) is int:
            scalar = float(scalar)
        if type(scalar) is not self.type or not isinstance(scalar, Scalar) or not self._allows(scalar):
            hint = did_you_mean(str(scalar), map(str, self._fixed_choices()))
            raise ValueError(f"option {self.name!r} must be {self.expected}, not {setting!r}.{hint}")
        return scalar

    def _allows(self, scalar: Scalar) -> bool:
        if isinstance(self.choices, Sequence) and scalar not in self.choices:
            return False
        if isinstance(scalar, bool | str):
            return True
        return math.isfinite(scalar) and all(_COMPARISONS[name](scalar, bound) for name, bound in self._bounds())

    def _fixed_choices(self) -> Sequence[Scalar]:
        return self.choices if isinstance(self.choices, Sequence) else ()

    def _bounds(self) -> list[tuple[str, float]]:
        """Return the bounds that are declared, each after the name of its comparison."""
        bounds = {"gt": self.gt, "ge": self.ge, "lt": self.lt, "le": self.le}
        return [(comparison, bound) for comparison, bound in bounds.items() if bound is not None]


def format_value(setting: object) -> str:
    """Return a setting as it is written on the command line; `Option.parse` reads it back."""
    if isinstance(setting, tuple | list):
        return ",".join(map(str, setting))
    if setting is None:
        return "none"
    return str(setting).lower() if isinstance(setting, bool) else str(setting)


def _as_python_scalar(setting: object) -> object:
    """Convert a NumPy scalar into the Python number that it stands for."""
    if hasattr(setting, "item") and getattr(setting, "shape", None) == ():
        scalar: object = setting.item()
        return scalar
    return setting
