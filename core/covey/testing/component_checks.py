"""Checks of the contract that all components share."""

from __future__ import annotations

import inspect
import json
import pickle
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Generic, TypeVar

import tomlkit

from covey._base.digests import canonical_json
from covey._base.errors import CoveyError
from covey.components import options
from covey.components.contracts import Component, is_installed
from covey.components.kinds import STEPS, Kind
from covey.data.provenance import Provenance
from covey.testing.assertions import Observation, expect
from covey.testing.checks import list_checks, run_checks
from covey.testing.imports import check_import
from covey.testing.offers import check_offer

C = TypeVar("C", bound=Component)
T = TypeVar("T")
_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_CONTRACTS = "covey.components."
"""How the names of the modules begin in which contracts are."""
_SLOW = "quick_import"
"""The check that starts a Python process."""


def check_component(component: Component) -> None:
    """Check the contract that all components share, fast and without letting the component work.

    Its options are explained and can be written as flags and TOML; it is a value: equal, hashable, picklable; its name,
    tag, version and identity can stand in a key and a file name.

    Raises:
        AssertionError: it breaks the contract.
    """
    trial = ComponentChecks(type(component), {}, component)
    run_checks(check for check in list_checks(trial, {}) if check.name != _SLOW)


class ComponentChecks(Generic[C]):
    """Checks a component class with one set of options.

    Each method whose name begins with "check_" is a check of its own; its first line is the promise.
    """

    def __init__(self, cls: type[C], settings: Mapping[str, object], component: C | None = None) -> None:
        self.cls = cls
        self.settings = settings
        self.name = str(getattr(cls, "name", cls.__name__))
        self._component = component

    @cached_property
    def component(self) -> C:
        """The component with these options."""
        return self._component or self.build()

    def build(self) -> C:
        """Return a new component with these options."""
        self.check_declaration()
        return options.build(self.cls, self.settings)

    def check_declaration(self) -> None:
        """The class is marked with @component, its fields are declared by option(), and methods are no properties."""
        self._read_options()
        for base in self.cls.__mro__:
            for attribute, declared in vars(base).items() if base.__module__.startswith(_CONTRACTS) else ():
                kind, is_kept = _find_kind(self.cls, attribute, declared)
                expect(is_kept, f"{self.name}: {attribute} must be a {kind}, as in {base.__name__}")

    def check_docstring(self) -> None:
        """It has a docstring, whose first line is shown in lists."""
        has_docstring = bool((self.cls.__doc__ or "").strip())
        expect(has_docstring, f"{self.cls.__name__} needs a docstring: its first line is shown in lists")

    def check_option_help(self) -> None:
        """Every option is explained."""
        for option in self._read_options():
            expect(bool(option.help.strip()), f"{self.name}: option {option.name!r} needs a help text")

    def check_attributes(self) -> None:
        """Its name, version, libraries, references and texts have the types that lists, files and keys need."""
        cls = self.cls
        is_plain_name = isinstance(cls.name, str) and bool(_NAME.fullmatch(cls.name))
        expect(is_plain_name, f"{cls.__name__}.name must be lower-case letters, digits, '-' and '_', not {cls.name!r}")
        expect(type(cls.version) is int, f"{self.name}: version must be a whole number, not {cls.version!r}")
        are_texts = isinstance(cls.references, tuple) and all(isinstance(text, str) for text in cls.references)
        expect(are_texts, f"{self.name}: references must be a tuple of texts, not {cls.references!r}")
        pairs = cls.requires.items() if isinstance(cls.requires, Mapping) else [(None, None)]
        names_libraries = all(isinstance(module, str) and isinstance(pip, str) for module, pip in pairs)
        expect(names_libraries, f"{self.name}: requires must name a requirement for each module, not {cls.requires!r}")
        for attribute in ("implementation", "startup_message"):
            text = getattr(cls, attribute)
            expect(isinstance(text, str), f"{self.name}: {attribute} must be a text, not {text!r}")

    def check_requires(self) -> None:
        """The libraries that it requires are named as they are imported, and are installed."""
        missing_modules = [module for module in self.cls.requires if not is_installed(module)]
        advice = "requires maps the name after `import` to what `pip install` takes"
        message = f"{self.name}: requires names {missing_modules[:1]}, which cannot be imported: {advice}"
        expect(not missing_modules, message)

    def check_flags(self) -> None:
        """Every option can be written on the command line."""
        for option in self._read_options():
            setting = options.read_option(self.component, option)
            text = options.format_value(setting)
            expect(
                option.convert(option.parse(text)) == setting,
                f"{self.name}: option {option.name!r} written as {text!r} on the command line is not read back as"
                f" {setting!r}",
            )

    def check_equality(self) -> None:
        """Equal options make equal components with equal hashes."""
        twin = options.evolve(self.component)
        expect(twin == self.component, f"{self.name}: equal options must make equal components")
        expect(hash(twin) == hash(self.component), f"{self.name}: equal components must have equal hashes")

    def check_pickling(self) -> None:
        """It can be sent to another process."""
        try:
            unpickled = pickle.loads(pickle.dumps(self.component))
        except Exception as error:
            raise AssertionError(f"{self.name}: a component must be picklable: {error}") from error
        expect(unpickled == self.component, f"{self.name}: pickled and read back it becomes {unpickled!r}")

    def check_toml(self) -> None:
        """Its options can be written as TOML."""
        settings = options.option_values(self.component)
        text = tomlkit.dumps({name: "none" if setting is None else setting for name, setting in settings.items()})
        try:
            is_read_back = options.expand_variants(self.cls, tomllib.loads(text)) == [self.component]
        except (CoveyError, TypeError, ValueError):
            is_read_back = False
        expect(is_read_back, f"{self.name}: written as TOML its options are not read back: {text}")

    def check_wrong_settings(self) -> None:
        """A setting of a wrong type raises CoveyError with the name of the option."""
        for option in self._read_options():
            self._check_wrong_setting(option.name)

    def check_tag(self) -> None:
        """Its tag, which stands in file names, is one line without slashes, and the same each time."""
        tag = self._read("tag", lambda component: component.tag)
        is_plain = isinstance(tag, str) and bool(tag.strip()) and tag.isprintable() and not set(tag) & set("/\\:")
        expect(is_plain, f"{self.name}: tag must be one line without slashes and colons, not {tag!r}")

    def check_identity(self) -> None:
        """Its identity is plain JSON, and the same each time."""
        identity = self._read("identity()", lambda component: component.identity())
        try:
            is_plain = isinstance(identity, Mapping) and json.loads(canonical_json(dict(identity))) == identity
        except (TypeError, ValueError):
            is_plain = False
        expect(is_plain, f"{self.name}: identity() must return plain JSON values by name, not {identity!r}")

    def check_provenance(self) -> None:
        """Its name, version, options and identity can be written beside a table and read back."""
        if Kind.of(self.cls) not in STEPS:
            return
        try:
            provenance = Provenance.of(self.component, "0" * 64)
            is_read_back = Provenance.from_json(provenance.to_json(), self.name) == provenance
        except Exception as error:
            raise AssertionError(f"{self.name}: its provenance cannot be written and read back: {error!r}") from error
        expect(is_read_back, f"{self.name}: its provenance is another one when it is read back")

    def check_quick_import(self) -> None:
        """Importing its module imports no slow library."""
        check_import(self.cls)

    def check_offered(self) -> None:
        """The plugin in whose package it lies offers it, by the hook of its kind."""
        check_offer(self.cls)

    def _read_options(self) -> Sequence[options.Option]:
        try:
            return options.options(self.cls)
        except TypeError as error:
            raise AssertionError(f"{error}.") from error

    def _check_wrong_setting(self, option_name: str) -> None:
        message = f"{self.name}: a wrong value for option {option_name!r} must raise CoveyError that names it"
        try:
            options.build(self.cls, {option_name: {}})
        except CoveyError as error:
            expect(repr(option_name) in str(error), f"{message}, not {error}")
        except Exception as error:
            raise AssertionError(f"{message}, not {type(error).__name__}: {error}") from error
        else:
            raise AssertionError(f"{message}; super().__attrs_post_init__() checks options")

    def _read(self, title: str, read: Callable[[C], T]) -> T:
        """Return what reading something of a component gives, which must be the same for its twin."""
        try:
            first, second = read(self.component), read(options.evolve(self.component))
        except Exception as error:
            raise AssertionError(f"{self.name}: {title} must not raise {error!r}") from error
        expect(first == second, f"{self.name}: {title} must be the same each time, not {first!r} and then {second!r}")
        return first


def _find_kind(cls: type, attribute: str, declared: object) -> tuple[str, bool]:
    """Return what an attribute of a base class is, and whether it is that in a component class too."""
    implemented = inspect.getattr_static(cls, attribute)
    if isinstance(declared, property):
        return "property, with @property", not inspect.isfunction(implemented)
    return "method, without @property", not (inspect.isfunction(declared) and isinstance(implemented, property))


class WorkChecks(ComponentChecks[C]):
    """Checks what the work of a component does besides its result."""

    @cached_property
    def observation(self) -> Observation[object]:
        """The first piece of work, and what it did besides."""
        raise NotImplementedError

    def check_input(self) -> None:
        """It does not change the array that it is given."""
        expect(not self.observation.changed_input, f"{self.name}: the input array must not be changed")

    def check_files(self) -> None:
        """It writes only temporary files and caches."""
        stray_files = self.observation.stray_files
        message = f"{self.name}: only files in its own place may be written, not {list(stray_files[:1])}"
        expect(not stray_files, message)

    def check_output(self) -> None:
        """It prints nothing: standard output is for results, and what a person waits for is said through Progress."""
        printed_text = self.observation.printed_text.strip()
        expect(not printed_text, f"{self.name}: nothing may be printed to standard output, not {printed_text[:80]!r}")
