"""Options: the fields of a component, each declared once with `option()`.

TOML validation, flags, forms, tables and keys are made from these declarations; only this module reads them.
"""

from __future__ import annotations

import itertools
import math
import operator
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, dataclass_transform

import attrs

from covey._base.errors import CoveyError, did_you_mean
from covey.components.guard import guard_call

T = TypeVar("T")
Scalar = bool | int | float | str
"""One value of an option."""
Setting = Scalar | tuple[Scalar, ...] | None
"""The value of an option as components hold it."""
Conditions = Mapping[str, Scalar | Sequence[Scalar]]
"""The values that other options must have."""
FrozenConditions = tuple[tuple[str, tuple[Scalar, ...]], ...]
PathKind = Literal["file", "folder"]
Choices = Sequence[Scalar] | Callable[[Any], Iterable[Scalar]]
_DECLARATION = "covey.option"
_NOUNS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
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
            requirement = " ".join(filter(None, [_NOUNS[self.type], self.bounds]))
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
    if not attrs.has(cls) or "__attrs_attrs__" not in vars(cls):
        raise TypeError(f"{cls.__name__} is not marked with @component")
    hints = typing.get_type_hints(cls)
    fields = sorted(attrs.fields(cls), key=lambda field: field.inherited)
    declared = [_read_declaration(cls, field, hints[field.name]) for field in fields]
    for option in declared:
        _check_conditions(cls, option, declared)
    return tuple(_put_after_conditions(declared))


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


def key_values(component: object) -> dict[str, Scalar | list[Scalar] | None]:
    """Return the options of a component that decide its results, as plain values: those that count."""
    values = option_values(component)
    return {option.name: values[option.name] for option in options(type(component)) if option.counts(values)}


def check_paths(component: object) -> None:
    """Check that the files and folders exist that the options of a component name.

    Raises:
        CoveyError: a line for each that does not.
    """
    values = option_values(component)
    problems = [
        option.find_path_problem(values[option.name]) for option in options(type(component)) if option.counts(values)
    ]
    if sentences := [f"{_component_name(type(component))}: {problem}" for problem in problems if problem]:
        raise CoveyError("\n".join(sentences))


def anchor_paths(cls: type, settings: Mapping[str, object], folder: Path) -> dict[str, object]:
    """Return settings in which paths are absolute, as seen from a folder; "~" is the home of the user."""
    path_options = {option.name: option for option in options(cls) if option.path}
    return {
        name: _anchor(path_options[name], setting, folder) if name in path_options else setting
        for name, setting in settings.items()
    }


def _anchor(option: Option, setting: object, folder: Path) -> object:
    if isinstance(setting, list | tuple):
        return type(setting)(_anchor(option, element, folder) for element in setting)
    is_path = isinstance(setting, str) and setting not in ("", option.default)
    if not is_path or (option.optional and setting == "none"):
        return setting
    return str((folder / Path(str(setting)).expanduser()).absolute())


def option_values(component: object) -> dict[str, Scalar | list[Scalar] | None]:
    """Return the options of a component as plain values: JSON and TOML can hold them, but for None in TOML."""
    settings = {option.name: read_option(component, option) for option in options(type(component))}
    return {name: list(setting) if isinstance(setting, tuple) else setting for name, setting in settings.items()}


def read_option(component: object, option: Option) -> Setting:
    """Return the value of an option of a component."""
    setting: Setting = getattr(component, option.name)
    return setting


def check_options(component: object) -> None:
    """Convert and check every option of a new component.

    Raises:
        CoveyError: a line for each option that is not allowed.
    """
    messages: list[str] = []
    for option in options(type(component)):
        try:
            object.__setattr__(component, option.name, option.convert(getattr(component, option.name)))
        except ValueError as error:
            messages.append(f"{_component_name(type(component))}: {error}")
    if messages:
        raise CoveyError("\n".join(messages))
    values = {option.name: getattr(component, option.name) for option in options(type(component))}
    for option in options(type(component)):
        if not option.counts(values):
            object.__setattr__(component, option.name, option.default)


def option_errors(cls: type, settings: Mapping[str, object]) -> dict[str, str]:
    """Check settings without building the component.

    Args:
        cls: the component class.
        settings: values by option. A list where one value is expected holds alternatives, as in `expand_variants`.

    Returns:
        A sentence for each name that is no option and for each value that is not allowed, by name.
    """
    options_by_name = {option.name: option for option in options(cls)}
    messages: dict[str, str] = {}
    for name, setting in settings.items():
        try:
            if name not in options_by_name:
                raise ValueError(_describe_unknown(cls, name))
            for alternative in _alternatives(options_by_name[name], setting):
                converted = options_by_name[name].convert(alternative)
                if problem := options_by_name[name].find_path_problem(converted):
                    raise ValueError(problem)
        except ValueError as error:
            messages[name] = f"{_component_name(cls)}: {error}"
    return messages or _condition_errors(cls, settings)


def _condition_errors(cls: type, settings: Mapping[str, object]) -> dict[str, str]:
    """Return a sentence for each option that is set although it makes no difference beside the others, by name."""
    options_by_name = {option.name: option for option in options(cls)}
    values = {
        name: {option.convert(alternative) for alternative in _alternatives(option, settings.get(name, option.default))}
        for name, option in options_by_name.items()
    }
    return {
        name: f"{_component_name(cls)}: option {name!r} makes a difference only if {option.condition}: leave it out."
        for name, option in options_by_name.items()
        if values[name] != {option.default} and any(values[other].isdisjoint(allowed) for other, allowed in option.when)
    }


def build(cls: type[T], settings: Mapping[str, object]) -> T:
    """Build a component with these settings; the other options have their defaults.

    Raises:
        CoveyError: a name is no option, a value is not allowed, or an option makes no difference beside the others.
    """
    names = [option.name for option in options(cls)]
    if unknown_names := [name for name in settings if name not in names]:
        raise CoveyError("\n".join(f"{_component_name(cls)}: {_describe_unknown(cls, name)}" for name in unknown_names))
    component = cls(**settings)
    values = option_values(component)
    for option in options(cls):
        if not option.counts(values) and settings.get(option.name, option.default) != option.default:
            sentence = f"option {option.name!r} makes a difference only if {option.condition}: leave it out."
            raise CoveyError(f"{_component_name(cls)}: {sentence}")
    return component


def evolve(component: T, **changes: object) -> T:
    """Return a copy of a component with some options changed.

    Raises:
        CoveyError: a value is not allowed.
    """
    return attrs.evolve(component, **changes)  # type: ignore[misc]


def expand_variants(cls: type[T], settings: Mapping[str, object]) -> list[T]:
    """Build one component for every combination of alternatives.

    Args:
        cls: the component class.
        settings: values by option. A list where one value is expected holds alternatives; for an option that is itself
            a list, a list of lists does.

    Raises:
        CoveyError: a line for each setting that is wrong.
    """
    if messages := option_errors(cls, settings):
        raise CoveyError("\n".join(messages.values()))
    options_by_name = {option.name: option for option in options(cls)}
    alternatives = [_alternatives(options_by_name[name], setting) for name, setting in settings.items()]
    combinations = itertools.product(*alternatives)
    return list(dict.fromkeys(cls(**dict(zip(settings, combination, strict=True))) for combination in combinations))


def plural_option(cls: type) -> Option | None:
    """Return the plural option of a component class, if it has one."""
    return next((option for option in options(cls) if option.plural), None)


def split_plural(component: T) -> list[T]:
    """Return a component for each value of the plural option; only the component itself if it has no such option."""
    plural = plural_option(type(component))
    if plural is None:
        return [component]
    return [evolve(component, **{plural.name: (setting,)}) for setting in _elements(component, plural)]


def join_plural(components: Sequence[T]) -> T:
    """Return one component with all values of the plural option: the inverse of `split_plural`."""
    plural = plural_option(type(components[0]))
    if plural is None:
        return components[0]
    settings = [setting for component in components for setting in _elements(component, plural)]
    return evolve(components[0], **{plural.name: tuple(settings)})


def _elements(component: object, option: Option) -> tuple[Scalar, ...]:
    """Return the values of an option that holds several."""
    setting = read_option(component, option)
    return setting if isinstance(setting, tuple) else ()


def allowed_choices(component: object, name: str) -> list[Scalar] | None:
    """Return the allowed values of an option, computed if they are computed on demand; None if it has no choices."""
    option = next(option for option in options(type(component)) if option.name == name)
    if option.choices is None:
        return None
    with guard_call(_component_name(type(component)), type(component).__module__, f"the choices of {name!r}"):
        return list(option.choices(component) if callable(option.choices) else option.choices)


def format_value(setting: object) -> str:
    """Return a setting as it is written on the command line; `Option.parse` reads it back."""
    if isinstance(setting, tuple | list):
        return ",".join(map(str, setting))
    if setting is None:
        return "none"
    return str(setting).lower() if isinstance(setting, bool) else str(setting)


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
    if element not in _NOUNS:
        raise TypeError(
            f"its type must be bool, int, float or str, a tuple of one of them, or either with | None, not {hint}"
        )
    return element, many, optional


def _alternatives(option: Option, setting: object) -> list[object]:
    if not isinstance(setting, list) or (
        option.many and setting and not any(isinstance(element, tuple | list) for element in setting)
    ):
        return [setting]
    if not setting:
        raise ValueError(f"option {option.name!r} is an empty list: give it at least one value, or leave it out.")
    return setting


def _describe_unknown(cls: type, name: str) -> str:
    names = [option.name for option in options(cls)]
    overview = f"Its options: {', '.join(names)}." if names else "It has no options."
    return f"there is no option {name!r}.{did_you_mean(name, names)} {overview}"


def _component_name(cls: type) -> str:
    return str(getattr(cls, "name", cls.__name__))


def _as_python_scalar(setting: object) -> object:
    """Convert a NumPy scalar into the Python number that it stands for."""
    if hasattr(setting, "item") and getattr(setting, "shape", None) == ():
        scalar: object = setting.item()
        return scalar
    return setting
