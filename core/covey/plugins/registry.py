"""The registry: which components and commands are installed, where they come from, what is wrong with the rest."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, requires, version
from typing import Any, Literal, TypeVar, overload

import attrs
import click
import pluggy

from covey._base.errors import CoveyError, did_you_mean, reason
from covey._version import API, __version__
from covey.components.contracts import Clusterer, Component, FeatureExtractor, Reducer, Storage
from covey.components.engine_contract import Engine
from covey.components.exchange_contracts import Exporter, Importer
from covey.components.heavy_imports import HEAVY
from covey.components.kinds import BESIDE_RUNS, Kind
from covey.components.measure_contract import Measure
from covey.components.options import options
from covey.components.platform_builds import explain_missing_build
from covey.components.source_contract import Source
from covey.plugins import hooks

BUILT_IN = {
    "engines": "covey.engines.builtin_engines",
    "sources": "covey.sources.builtin_sources",
    "measures": "covey.analysis.measures.builtin_measures",
    "exchange": "covey.outputs.exchange.builtin_exchange",
}
"""The modules of core that are plugins like those of others, by the name of the plugin."""
C = TypeVar("C", bound=Component)
_PREFIX = "covey_"
"""How the names of hooks begin."""
_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_ASKED = re.compile(r"covey\s*(?:\[[^]]*\])?\s*\(?([<>=!~][^;)]*)")


@attrs.frozen(kw_only=True)
class Registered:
    """One component that a plugin offers."""

    cls: type[Component]
    distribution: str
    plugin: str

    @property
    def kind(self) -> Kind:
        """Its kind."""
        return Kind.of(self.cls)

    @property
    def name(self) -> str:
        """The bare name."""
        return self.cls.name

    @property
    def full_name(self) -> str:
        """The name that is never ambiguous: distribution:name."""
        return f"{self.distribution}:{self.name}"

    @property
    def summary(self) -> str:
        """The first line of its docstring."""
        return (inspect.getdoc(self.cls) or "").split("\n")[0]

    @property
    def missing(self) -> tuple[str, ...]:
        """What `pip install` takes to bring the libraries that it lacks."""
        return self.cls.missing()

    @property
    def status(self) -> str:
        """Whether it can work: "ready", the pip command that makes it so, or why none does on this machine."""
        if not self.missing:
            return "ready"
        return explain_missing_build(self.cls.requires) or f"needs: {_pip(self.missing)}"


@attrs.frozen(kw_only=True)
class RegisteredCommand:
    """One command that a plugin offers."""

    command: click.Command
    distribution: str
    plugin: str

    @property
    def name(self) -> str:
        """What stands after `covey`."""
        return str(self.command.name)


@attrs.frozen(kw_only=True)
class Problem:
    """A plugin, and what is wrong with it."""

    distribution: str
    plugin: str
    reason: str


class Registry:
    """Components by kind and name. Loading a plugin never fails.

    A plugin that contributes nothing is listed in `problems`; one that works but slows covey down, or offers something
    that this covey does not know, in `warnings`.
    """

    def __init__(self) -> None:
        self.components: list[Registered] = []
        self.commands: list[RegisteredCommand] = []
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    @classmethod
    def installed(cls) -> Registry:
        """Return a registry with core's own plugins and every plugin that is installed in this environment."""
        registry = cls()
        for plugin, module in BUILT_IN.items():
            registry.add(partial(importlib.import_module, module), plugin=plugin, distribution="covey")
        for distribution, point in _list_plugins():
            registry.add(point.load, plugin=point.name, distribution=distribution)
        return registry

    def add(self, load: Callable[[], Any], *, plugin: str, distribution: str) -> None:
        """Add what one plugin offers; `load` imports and returns its module. It contributes all or nothing."""
        origin_fields = {"distribution": distribution, "plugin": plugin}
        modules_before = set(sys.modules)
        try:
            hook, unknown_hooks = _hooks_of(load())
            components = [_check_component(kind, offered_class) for kind, offered_class in _offers(hook)]
            commands = [
                _check_command(offered_command)
                for offered_commands in hook.covey_commands()
                for offered_command in offered_commands
            ]
        except (Exception, SystemExit) as error:
            problem = f"{type(error).__name__}: {reason(error)}{_versions(distribution, error)}"
            self.problems.append(Problem(reason=problem, **origin_fields))
        else:
            self.components += [Registered(cls=component_class, **origin_fields) for component_class in components]
            self.commands += [RegisteredCommand(command=command, **origin_fields) for command in commands]
            self.warnings += [Problem(reason=_describe_unknown_hook(name), **origin_fields) for name in unknown_hooks]
        if heavy_modules := [name for name in HEAVY if name in sys.modules and name not in modules_before]:
            listing = ", ".join(heavy_modules)
            problem = (
                f"makes covey slow: it imports {listing} when it is listed: import that in the method that needs it"
            )
            self.warnings.append(Problem(reason=problem, **origin_fields))

    def of_kind(self, kind: Kind) -> list[Registered]:
        """Return the components of one kind, by name."""
        return sorted(
            (registered for registered in self.components if registered.kind == kind),
            key=lambda registered: registered.name,
        )

    @overload
    def get(self, kind: Literal[Kind.EXTRACTOR], name: str) -> type[FeatureExtractor]: ...
    @overload
    def get(self, kind: Literal[Kind.REDUCER], name: str) -> type[Reducer]: ...
    @overload
    def get(self, kind: Literal[Kind.CLUSTERER], name: str) -> type[Clusterer]: ...
    @overload
    def get(self, kind: Literal[Kind.STORAGE], name: str) -> type[Storage]: ...
    @overload
    def get(self, kind: Literal[Kind.ENGINE], name: str) -> type[Engine]: ...
    @overload
    def get(self, kind: Literal[Kind.SOURCE], name: str) -> type[Source]: ...
    @overload
    def get(self, kind: Literal[Kind.MEASURE], name: str) -> type[Measure]: ...
    @overload
    def get(self, kind: Literal[Kind.EXPORTER], name: str) -> type[Exporter]: ...
    @overload
    def get(self, kind: Literal[Kind.IMPORTER], name: str) -> type[Importer]: ...
    @overload
    def get(self, kind: Kind, name: str) -> type[Component]: ...
    def get(self, kind: Kind, name: str) -> type[Component]:
        """Return a component class that is ready to work, by its name or by `distribution:name`.

        Raises:
            CoveyError: there is none, several plugins use the name, or a library that it requires is not installed.
        """
        registered = self.find(name, kind)
        if registered.missing:
            remedy = registered.status.removeprefix("needs: ")
            raise CoveyError(f"The {kind} {name!r} needs a library that is not installed: {remedy}")
        return registered.cls

    def find(self, name: str, kind: Kind | None = None) -> Registered:
        """Return a component by `name`, `distribution:name` or `kind:name`, ready or not. Raises CoveyError."""
        candidates = [candidate for candidate in self.components if kind in (None, candidate.kind)]
        matches = [
            candidate
            for candidate in candidates
            if name in (candidate.name, candidate.full_name, f"{candidate.kind}:{candidate.name}")
        ]
        matches = [match for match in matches if match.kind not in BESIDE_RUNS] or matches
        if len(matches) == 1:
            return matches[0]
        raise CoveyError(self._ambiguous(name, matches) if matches else self._unknown(name, kind, candidates))

    def command(self, name: str) -> click.Command | None:
        """Return the command of this name, if there is one. Raises CoveyError when several plugins offer it."""
        matches = [registered for registered in self.commands if registered.name == name]
        if len(matches) > 1:
            providers = " and ".join(
                f"{registered.distribution} (plugin {registered.plugin})" for registered in matches
            )
            raise CoveyError(f"The command {name!r} is offered by {providers}: uninstall one of them.")
        return matches[0].command if matches else None

    def _ambiguous(self, name: str, matches: Iterable[Registered]) -> str:
        has_several_kinds = len({match.kind for match in matches}) > 1
        unique_names = [
            f"{match.kind}:{match.name}" if has_several_kinds else f"{match.full_name} (plugin {match.plugin})"
            for match in matches
        ]
        return f"{name!r} is offered more than once: say which, {' or '.join(unique_names)}."

    def _unknown(self, name: str, kind: Kind | None, candidates: Iterable[Registered]) -> str:
        installed_names = sorted({registered.name for registered in candidates})
        broken_plugins = [problem for problem in self.problems if name in (problem.plugin, problem.distribution)]
        reason_broken = (
            f" The plugin {name!r} is installed but broken: {broken_plugins[0].reason}." if broken_plugins else ""
        )
        kinds_of_that_name = [registered.kind for registered in self.components if registered.name == name]
        hint = (
            f" There is a {kinds_of_that_name[0]} of that name."
            if kinds_of_that_name
            else did_you_mean(name, installed_names)
        )
        listing = ", ".join(installed_names) or "none"
        return f"There is no {kind or 'component'} {name!r}.{hint}{reason_broken} Installed: {listing}."


def _hooks_of(module: Any) -> tuple[Any, list[str]]:
    """Return the hooks of a plugin module, called through a manager that knows only this plugin, and unknown ones.

    Raises:
        TypeError: it has no hook.
    """
    manager = pluggy.PluginManager(hooks.GROUP)
    manager.add_hookspecs(hooks)
    manager.register(module)
    callers = manager.get_hookcallers(module) or []
    unknown_hooks = [caller.name for caller in callers if not (caller.has_spec() or _is_optional(caller))]
    if not callers:
        raise TypeError("it offers nothing: no function is marked with @hookimpl")
    return manager.hook, unknown_hooks


def _is_optional(caller: pluggy.HookCaller) -> bool:
    return all(implementation.optionalhook for implementation in caller.get_hookimpls())


def _describe_unknown_hook(name: str) -> str:
    known_hooks = [hook for hook, _ in inspect.getmembers(hooks, inspect.isfunction) if hook.startswith(_PREFIX)]
    bare_name = name.removeprefix(_PREFIX)
    hint = did_you_mean(bare_name, [hook.removeprefix(_PREFIX) for hook in known_hooks]).replace(" '", f" '{_PREFIX}")
    return f"offers {name}.{hint} covey {__version__} (API {API}) does not know that hook, a newer one may"


def _offers(hook: Any) -> Iterator[tuple[Kind, Any]]:
    """Yield the kind and class of every component that is offered."""
    for kind in Kind:
        for offered_classes in getattr(hook, kind.hook)():
            yield from ((kind, offered_class) for offered_class in offered_classes)


def _check_component(kind: Kind, component: Any) -> type[Component]:
    if not (inspect.isclass(component) and issubclass(component, kind.base)):
        raise TypeError(f"{kind.hook} must yield subclasses of {kind.base.__name__}, not {component!r}")
    cls: type[Component] = component
    if inspect.isabstract(cls):
        raise TypeError(f"{cls.__name__} lacks {', '.join(sorted(cls.__abstractmethods__))}")
    if not _NAME.fullmatch(str(getattr(cls, "name", ""))):
        raise TypeError(f"{cls.__name__}.name must be lower-case letters, digits, '-' and '_'")
    if type(cls.version) is not int:
        raise TypeError(f"{cls.__name__}.version must be a whole number, not {cls.version!r}")
    if not isinstance(cls.requires, Mapping):
        raise TypeError(f"{cls.__name__}.requires must name a requirement for each module, not {cls.requires!r}")
    names = [option.name for option in options(cls) if option.plural]
    if issubclass(cls, Reducer) and names != ["sizes"]:
        raise TypeError(f"{cls.__name__}.sizes must be the plural option that Reducer declares")
    return cls


def _check_command(command: Any) -> click.Command:
    if not isinstance(command, click.Command) or not _NAME.fullmatch(str(command.name)):
        raise TypeError(f"covey_commands must yield click commands with a plain name, not {command!r}")
    return command


def _versions(distribution: str, error: BaseException) -> str:
    """Return which covey this is and which one a broken plugin asks for, where that may be what is wrong."""
    requirement = next(filter(None, map(_ASKED.match, _requirements(distribution))), None)
    lacks_covey_name = isinstance(error, ImportError) and (error.name or "").partition(".")[0] == "covey"
    lacks_covey_name = lacks_covey_name or (
        isinstance(error, AttributeError) and getattr(error.obj, "__name__", "").startswith("covey")
    )
    if not (requirement or lacks_covey_name):
        return ""
    remark = f", and the plugin asks for {requirement[1].strip()}" if requirement else ""
    return f" (this is covey {version('covey')}{remark})"


def _requirements(distribution: str) -> list[str]:
    try:
        return requires(distribution) or []
    except (PackageNotFoundError, ValueError):
        return []


def _list_plugins() -> list[tuple[str, EntryPoint]]:
    """Return the entry points of all plugins, each with the name of its distribution, in the order of both."""
    points = set(entry_points(group=hooks.GROUP))
    distributions = {point.dist for point in points}
    names = {distribution: distribution.name if distribution else "" for distribution in distributions}  # slow to read
    return sorted(
        ((names[point.dist], point) for point in points), key=lambda pair: (pair[0], pair[1].name, pair[1].value)
    )


def _pip(missing: Iterable[str]) -> str:
    return "pip install " + " ".join(f'"{name}"' if "[" in name else name for name in missing)
