"""Declarations: a component is a class marked with `@component`, and each of its fields is declared with `option()`."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, TypeVar, Union, dataclass_transform

import attrs

from covey.components.options.declared_option import TYPE_NOUNS, Choices, Conditions, Option, PathKind, Scalar

T = TypeVar("T")
_DECLARATION = "covey.option"


def option(
    *,
    default: object = attrs.NOTHING,
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
    learning: bool = False,
    when: Conditions | None = None,
    path: PathKind | None = None,
    absent: Scalar | None = None,
    title: str = "",
    none: str = "none",
) -> Any:
    """Declare an option of a component: a field with a type, bounds and an explanation.

    Args:
        default: value if none is given. Every option needs one, so that a component works without settings.
        help: one or two sentences. For a number, the last one says what raising it does.
        gt: exclusive lower bound of a number.
        ge: inclusive lower bound of a number.
        lt: exclusive upper bound of a number.
        le: inclusive upper bound of a number.
        step: step of the slider in forms.
        choices: allowed values, or a function that takes the component and returns them. The function is called only on
            demand: it may be slow and may depend on other options, and its choices are not checked.
        expert: whether forms hide the option among those for experts.
        live: whether a prepared clusterer can change the option at interactive speed.
        plural: whether each element of the list makes a separate result, with its own key.
        learning: whether it matters when an extractor learns. Another value makes it learn anew; after a change of the
            other options, what it has learned is used again.
        when: the values that other options must have for this one to make a difference, such as {"method": "xi"} or
            {"method": ("xi", "dbscan")}. Otherwise forms hide it, it always has its default, it is no part of the key,
            and setting it in covey.toml or by a flag is an error.
        path: "file" or "folder" if the option is the path of one. In covey.toml it is relative to that file; whether it
            exists is checked before anything is computed; shells complete it. A path enters the key as it is: let
            `identity` replace it by a hash of what is in it.
        absent: for an option that a component got later: the value at which it does what it did without the option. At
            that value the option is no part of the key, so that earlier tables keep theirs and can be made again.
        title: a plain name for people who do not know the field's own word, such as "Group tightness" for eps; forms
            show both. By default the name of the field.
        none: what None means in a word that forms show, such as "automatic" or "all".
    """
    declared = {key: value for key, value in locals().items() if key != "default"}
    return attrs.field(default=default, metadata={_DECLARATION: declared})


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(option,))
def component(cls: type[T]) -> type[T]:
    """Make a class a component: frozen, keyword-only, equal and hashed by its options."""
    return attrs.frozen(cls, kw_only=True, slots=False)


def options(cls: type) -> tuple[Option, ...]:
    """Return the options that a component class declares, its own first, inherited ones last.

    Raises:
        TypeError: the class is not marked with `@component`, or a field is not declared with `option()`.
    """
    return _read_options(cls)


@cache  # a dataset with many tables asks thousands of times
def _read_options(cls: type) -> tuple[Option, ...]:
    if not attrs.has(cls) or "__attrs_attrs__" not in vars(cls):
        raise TypeError(f"{cls.__name__} is not marked with @component")
    hints = typing.get_type_hints(cls)
    fields = sorted(attrs.fields(cls), key=lambda field: field.inherited)
    declared = [_read_declaration(cls, field, hints[field.name]) for field in fields]
    for option in declared:
        _check_conditions(cls, option, declared)
    return tuple(_put_after_conditions(declared))


def component_name(cls: type) -> str:
    """Return the name of a component class."""
    return str(getattr(cls, "name", cls.__name__))


def _read_declaration(cls: type, field: attrs.Attribute[Any], hint: Any) -> Option:
    if _DECLARATION not in field.metadata:
        raise TypeError(f"{cls.__name__}.{field.name} is not declared with option()")
    if field.default is attrs.NOTHING:
        raise TypeError(f"{cls.__name__}.{field.name} has no default")
    try:
        element, many, optional = _analyse_hint(hint)
        declaration = field.metadata[_DECLARATION]
        option = Option(name=field.name, type=element, many=many, optional=optional, default=None, **declaration)
        return attrs.evolve(option, default=option.convert(field.default))
    except (TypeError, ValueError) as error:
        raise TypeError(f"{cls.__name__}.{field.name}: {error}") from error


def _analyse_hint(hint: Any) -> tuple[type, bool, bool]:
    """Return the type of one value, whether the hint is a tuple of them, and whether it may be None."""
    optional = False
    if typing.get_origin(hint) in (Union, types.UnionType):
        members = [member for member in typing.get_args(hint) if member is not type(None)]
        optional, hint = len(members) < len(typing.get_args(hint)), members[0] if len(members) == 1 else hint
    many = typing.get_origin(hint) is tuple and typing.get_args(hint)[1:] == (...,)
    element = typing.get_args(hint)[0] if many else hint
    if element not in TYPE_NOUNS:
        raise TypeError(
            f"its type must be bool, int, float or str, a tuple of one of them, or either with | None, not {hint}"
        )
    return element, many, optional


def _check_conditions(cls: type, option: Option, declared: Sequence[Option]) -> None:
    """Raise TypeError if `when` of an option names what no other option is, or a value that it cannot have."""
    options_by_name = {other.name: other for other in declared if other is not option}
    for name, values in option.when:
        other = options_by_name.get(name)
        problem = "names no other option" if other is None else "names an option that has conditions itself"
        if other is None or other.when:
            raise TypeError(f"{cls.__name__}.{option.name}: when {problem}, {name!r}")
        if other.expert and not option.expert:
            raise TypeError(f"{cls.__name__}.{option.name}: {name!r} is for experts, so this must be too")
        try:
            for value in values:
                other.convert(value)
        except ValueError as error:
            raise TypeError(f"{cls.__name__}.{option.name}: when: {error}") from error


def _put_after_conditions(declared: Sequence[Option]) -> Iterator[Option]:
    """Yield options in order, but each after those that its conditions name."""
    waiting = [option for option in declared if option.when]
    yielded: set[str] = set()
    for option in declared:
        if option.when:
            continue
        yield option
        yielded.add(option.name)
        ready = [dependent for dependent in waiting if yielded.issuperset(name for name, _ in dependent.when)]
        yield from ready
        waiting = [dependent for dependent in waiting if dependent not in ready]
