"""Options: fields of a component, declared once with `option()`.

This module alone reads the declarations. Whatever needs them (TOML, flags, forms, tables, keys) asks here.
"""

from __future__ import annotations

import itertools
import math
import operator
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar, Union, dataclass_transform

import attrs

from covey._base.errors import CoveyError, did_you_mean

T = TypeVar("T")
Choices = Sequence[Any] | Callable[[Any], Iterable[Any]]
_DECLARATION = "covey.option"
_NOUNS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


@attrs.frozen
class Option:
    """One option of a component, as declared.

    `type` is bool, int, float or str; `many` says that the value is a tuple of such, `optional` that it may be None.
    `choices` are the values allowed: fixed, or a function of the component that is asked only on demand.
    """

    name: str
    type: type
    many: bool
    optional: bool
    default: Any
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

    @property
    def bounds(self) -> str:
        """The bounds in words: "greater than 0 and at most 1", or ""."""
        words = {"gt": "greater than", "ge": "at least", "lt": "less than", "le": "at most"}
        given = [f"{word} {getattr(self, key):.12g}" for key, word in words.items() if getattr(self, key) is not None]
        return " and ".join(given)

    @property
    def expected(self) -> str:
        """What a value must be, in words."""
        if isinstance(self.choices, Sequence):
            what = "one of " + ", ".join(map(str, self.choices))
        else:
            what = " ".join(filter(None, [_NOUNS[self.type], self.bounds]))
        what = f"a list, each {what}" if self.many else what
        return f"{what}, or none" if self.optional else what

    def convert(self, value: Any) -> Any:
        """Return `value` as this option keeps it: lists become tuples, an int given for a float a float.

        Raises ValueError, with a sentence, for a value that is not allowed.
        """
        if self.optional and (value is None or (isinstance(value, str) and value == "none")):  # TOML has no null
            return None
        if not self.many:
            return self._one(value)
        values = tuple(self._one(item) for item in _listed(value))
        if self.plural and not values:
            raise ValueError(f"option {self.name!r} needs at least one value.")
        return tuple(dict.fromkeys(values)) if self.plural else values

    def parse(self, text: str) -> Any:
        """Return the value written as `text` on a command line, unchecked.

        Commas separate the items of a list; where one number, or one of fixed choices, is expected they separate
        alternatives, as a list does.
        """
        if self.optional and text.strip().lower() == "none":
            return None
        items = [self._read(item.strip()) for item in text.split(",") if item.strip()]
        if self.many:
            return tuple(items)
        free = self.type is str and not (isinstance(self.choices, Sequence) and set(items) <= set(self.choices))
        return items if len(items) > 1 and not free else self._read(text.strip())

    def _read(self, text: str) -> Any:
        if self.type is bool:
            known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
            return known.get(text.lower(), text)
        if self.type is str:
            return text
        try:
            return self.type(text)
        except ValueError:
            return text

    def _one(self, value: Any) -> Any:
        plain = _plain(value)
        if self.type is float and type(plain) is int:
            plain = float(plain)
        if type(plain) is not self.type or not self._within(plain):
            raise ValueError(f"option {self.name!r} must be {self.expected}, not {value!r}.{self._near(plain)}")
        return plain

    def _near(self, value: Any) -> str:
        fixed = self.choices if isinstance(self.choices, Sequence) else ()
        return did_you_mean(str(value), map(str, fixed))

    def _within(self, value: Any) -> bool:
        if isinstance(self.choices, Sequence) and value not in self.choices:
            return False
        if self.type not in (int, float):
            return True
        bounds = [(getattr(self, name), getattr(operator, name)) for name in ("gt", "ge", "lt", "le")]
        return math.isfinite(value) and all(bound is None or holds(value, bound) for bound, holds in bounds)


def option(
    *,
    default: Any = attrs.NOTHING,
    help: str,
    gt: float | None = None,
    ge: float | None = None,
    lt: float | None = None,
    le: float | None = None,
    step: float | None = None,
    choices: Choices | None = None,
    expert: bool = False,
    live: bool = False,
    plural: bool = False,
) -> Any:
    """Declare an option of a component: a typed, bounded, explained field.

    Args:
        default: the value when none is given. Every option needs one, so that a component works out of the box.
        help: one or two sentences; the last says what raising the value does, where it can be raised.
        gt: a number must be greater than this.
        ge: a number must be at least this.
        lt: a number must be less than this.
        le: a number must be at most this.
        step: the step of a slider.
        choices: the values allowed; or a function of the component that lists them on demand, which may be slow
            and may depend on other options. Only fixed choices are checked when a component is made.
        expert: folded away in forms.
        live: a prepared clusterer answers to it at interactive speed.
        plural: each item of the list makes a result of its own, with its own key.
    """
    declared = {key: value for key, value in locals().items() if key != "default"}
    return attrs.field(default=default, metadata={_DECLARATION: declared})


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(option,))
def component(cls: type[T]) -> type[T]:
    """Make a class a component: frozen, keyword-only, equal and hashed by its options."""
    return attrs.frozen(cls, kw_only=True, slots=False)


def options(cls: type) -> tuple[Option, ...]:
    """Return the options that a component class declares, its own first, inherited ones last.

    Raises TypeError when the class is not a component, or a field is not a proper option.
    """
    if not attrs.has(cls) or "__attrs_attrs__" not in vars(cls):
        raise TypeError(f"{cls.__name__} is not marked with @component")
    hints = typing.get_type_hints(cls)
    fields = sorted(attrs.fields(cls), key=lambda field: field.inherited)
    return tuple(_declared(cls, field, hints[field.name]) for field in fields)


def option_values(component: Any) -> dict[str, Any]:
    """Return the options of a component as plain values that JSON and TOML can hold; None where none is set."""
    found = {option.name: getattr(component, option.name) for option in options(type(component))}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}


def check_options(component: Any) -> None:
    """Convert and check every option of a component that has just been made.

    Raises CoveyError that names every option that is wrong.
    """
    wrong = []
    for option in options(type(component)):
        try:
            object.__setattr__(component, option.name, option.convert(getattr(component, option.name)))
        except ValueError as error:
            wrong.append(f"{component.name}: {error}")
    if wrong:
        raise CoveyError("\n".join(wrong))


def option_errors(cls: type, given: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong with options before a component is made: a sentence for each bad name or value.

    A list where one value is expected stands for alternatives, as `expand_variants` takes it.
    """
    declared = {option.name: option for option in options(cls)}
    found = {}
    for name, value in given.items():
        try:
            if name not in declared:
                raise ValueError(_unknown(cls, name))
            for alternative in _alternatives(declared[name], value):
                declared[name].convert(alternative)
        except ValueError as error:
            found[name] = f"{_name(cls)}: {error}"
    return found


def build(cls: type[T], given: Mapping[str, Any]) -> T:
    """Return the component with the options `given`; the others have their defaults. Raises CoveyError."""
    if wrong := [_unknown(cls, name) for name in given if name not in [option.name for option in options(cls)]]:
        raise CoveyError("\n".join(f"{_name(cls)}: {sentence}" for sentence in wrong))
    return cls(**given)


def evolve(component: T, **changes: Any) -> T:
    """Return the component with some options changed. Raises CoveyError."""
    return attrs.evolve(component, **changes)  # type: ignore[misc]


def expand_variants(cls: type[T], given: Mapping[str, Any]) -> list[T]:
    """Return one component for every combination: a list where one value is expected means "try each".

    For an option that is itself a list, a list of lists means so. Raises CoveyError.
    """
    if wrong := option_errors(cls, given):
        raise CoveyError("\n".join(wrong.values()))
    declared = {option.name: option for option in options(cls)}
    tries = itertools.product(*(_alternatives(declared[name], value) for name, value in given.items()))
    return [cls(**dict(zip(given, values, strict=True))) for values in tries]


def plural_option(cls: type) -> Option | None:
    """Return the plural option of a component class, if it has one."""
    return next((option for option in options(cls) if option.plural), None)


def split_plural(component: T) -> list[T]:
    """Return the component once for each value of its plural option (itself alone when it has none)."""
    many = plural_option(type(component))
    if many is None:
        return [component]
    return [evolve(component, **{many.name: (value,)}) for value in getattr(component, many.name)]


def join_plural(components: Sequence[T]) -> T:
    """Return the one component whose parts these are. The inverse of `split_plural`."""
    many = plural_option(type(components[0]))
    if many is None:
        return components[0]
    joined = [value for component in components for value in getattr(component, many.name)]
    return evolve(components[0], **{many.name: tuple(joined)})


def allowed_choices(component: Any, name: str) -> list[Any] | None:
    """Return the values allowed for an option, computing them where they are computed on demand; None for any."""
    option = next(option for option in options(type(component)) if option.name == name)
    if option.choices is None:
        return None
    return list(option.choices(component) if callable(option.choices) else option.choices)


def format_value(value: Any) -> str:
    """Return a value as a person writes it on the command line; `Option.parse` reads it back."""
    if isinstance(value, tuple | list):
        return ",".join(map(str, value))
    if value is None:
        return "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _declared(cls: type, field: attrs.Attribute[Any], hint: Any) -> Option:
    if _DECLARATION not in field.metadata:
        raise TypeError(f"{cls.__name__}.{field.name} is not declared with option()")
    if field.default is attrs.NOTHING:
        raise TypeError(f"{cls.__name__}.{field.name} has no default")
    try:
        element, many, optional = _shape(hint)
        declared = field.metadata[_DECLARATION]
        option = Option(name=field.name, type=element, many=many, optional=optional, default=None, **declared)
        return attrs.evolve(option, default=option.convert(field.default))
    except (TypeError, ValueError) as error:
        raise TypeError(f"{cls.__name__}.{field.name}: {error}") from error


def _shape(hint: Any) -> tuple[type, bool, bool]:
    """Take a type hint apart: the type of one value, whether it is a tuple of them, whether it may be None."""
    optional = False
    if typing.get_origin(hint) in (Union, types.UnionType):
        inner = [item for item in typing.get_args(hint) if item is not type(None)]
        optional, hint = len(inner) < len(typing.get_args(hint)), inner[0] if len(inner) == 1 else hint
    many = typing.get_origin(hint) is tuple and typing.get_args(hint)[1:] == (...,)
    element = typing.get_args(hint)[0] if many else hint
    if element not in _NOUNS:
        raise TypeError(f"it must be bool, int, float or str, a tuple of such, or | None, not {hint}")
    return element, many, optional


def _alternatives(option: Option, value: Any) -> list[Any]:
    if not isinstance(value, list) or (option.many and value and not any(map(_is_list, value))):
        return [value]
    if not value:
        raise ValueError(f"option {option.name!r} is an empty list: give it at least one value, or leave it out.")
    return value


def _unknown(cls: type, name: str) -> str:
    known = [option.name for option in options(cls)]
    listed = f"Its options: {', '.join(known)}." if known else "It has no options."
    return f"there is no option {name!r}.{did_you_mean(name, known)} {listed}"


def _name(cls: type) -> str:
    return str(getattr(cls, "name", cls.__name__))


def _listed(value: Any) -> Iterable[Any]:
    return value if _is_list(value) else (value,)


def _is_list(value: Any) -> bool:
    return isinstance(value, tuple | list)


def _plain(value: Any) -> Any:
    """Take a numpy scalar for the Python number that it is."""
    return value.item() if hasattr(value, "item") and getattr(value, "shape", None) == () else value
