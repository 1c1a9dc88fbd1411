"""The registry: which components and commands are installed, where they come from, what is wrong with the rest."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, requires, version
from typing import Any, Literal, TypeVar, overload

import attrs
import click
import pluggy

from covey._base.errors import CoveyError, did_you_mean, reason
from covey.components.contracts import Clusterer, Component, FeatureExtractor, Reducer, Storage
from covey.components.heavy_imports import HEAVY
from covey.components.kinds import Kind
from covey.components.options import options
from covey.plugins import hooks

C = TypeVar("C", bound=Component)
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
        """Whether it can work: "ready", or the pip command that makes it so."""
        return f"needs: {_pip(self.missing)}" if self.missing else "ready"


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

    A plugin that contributes nothing is listed in `problems`, one that works but slows covey down in `warnings`.
    """

    def __init__(self) -> None:
        self.components: list[Registered] = []
        self.commands: list[RegisteredCommand] = []
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    @classmethod
    def installed(cls) -> Registry:
        """Return a registry with every plugin that is installed in this environment."""
        registry = cls()
        for point in sorted(set(entry_points(group=hooks.GROUP)), key=_origin):
            registry.add(point.load, plugin=point.name, distribution=_origin(point)[0])
        return registry

    def add(self, load: Callable[[], Any], *, plugin: str, distribution: str) -> None:
        """Add what one plugin offers; `load` imports and returns its module. It contributes all or nothing."""
        origin = {"distribution": distribution, "plugin": plugin}
        before = set(sys.modules)
        try:
            hook = _hooks_of(load())
            components = [_check_component(kind, item) for kind, item in _offers(hook)]
            commands = [_command(item) for offered in hook.covey_commands() for item in offered]
        except (Exception, SystemExit) as error:
            problem = f"{type(error).__name__}: {reason(error)}{_versions(distribution, error)}"
            self.problems.append(Problem(reason=problem, **origin))
        else:
            self.components += [Registered(cls=item, **origin) for item in components]
            self.commands += [RegisteredCommand(command=item, **origin) for item in commands]
        if heavy := [name for name in HEAVY if name in sys.modules and name not in before]:
            problem = f"it imports {', '.join(heavy)} when it is listed: import that in the method that needs it"
            self.warnings.append(Problem(reason=problem, **origin))

    def of_kind(self, kind: Kind) -> list[Registered]:
        """Return the components of one kind, by name."""
        return sorted((item for item in self.components if item.kind == kind), key=lambda item: item.name)

    @overload
    def get(self, kind: Literal[Kind.EXTRACTOR], name: str) -> type[FeatureExtractor]: ...
    @overload
    def get(self, kind: Literal[Kind.REDUCER], name: str) -> type[Reducer]: ...
    @overload
    def get(self, kind: Literal[Kind.CLUSTERER], name: str) -> type[Clusterer]: ...
    @overload
    def get(self, kind: Literal[Kind.STORAGE], name: str) -> type[Storage]: ...
    @overload
    def get(self, kind: Kind, name: str) -> type[Component]: ...
    def get(self, kind: Kind, name: str) -> type[Component]:
        """Return a component class that is ready to work, by its name or by `distribution:name`.

        Raises:
            CoveyError: there is none, several plugins use the name, or a library that it requires is not installed.
        """
        registered = self.find(name, kind)
        if registered.missing:
            raise CoveyError(f"The {kind} {name!r} needs a library that is not installed: {_pip(registered.missing)}")
        return registered.cls

    def find(self, name: str, kind: Kind | None = None) -> Registered:
        """Return a component by `name`, `distribution:name` or `kind:name`, ready or not. Raises CoveyError."""
        candidates = [item for item in self.components if kind in (None, item.kind)]
        matches = [item for item in candidates if name in (item.name, item.full_name, f"{item.kind}:{item.name}")]
        if len(matches) == 1:
            return matches[0]
        raise CoveyError(self._ambiguous(name, matches) if matches else self._unknown(name, kind, candidates))

    def command(self, name: str) -> click.Command | None:
        """Return the command of this name, if there is one. Raises CoveyError when several plugins offer it."""
        matches = [item for item in self.commands if item.name == name]
        if len(matches) > 1:
            providers = " and ".join(f"{item.distribution} (plugin {item.plugin})" for item in matches)
            raise CoveyError(f"The command {name!r} is offered by {providers}: uninstall one of them.")
        return matches[0].command if matches else None

    def _ambiguous(self, name: str, matches: Iterable[Registered]) -> str:
        kinds = len({item.kind for item in matches}) > 1
        names = [
            f"{item.kind}:{item.name}" if kinds else f"{item.full_name} (plugin {item.plugin})" for item in matches
        ]
        return f"{name!r} is offered more than once: say which, {' or '.join(names)}."

    def _unknown(self, name: str, kind: Kind | None, candidates: Iterable[Registered]) -> str:
        installed = sorted({item.name for item in candidates})
        broken = [problem for problem in self.problems if name in (problem.plugin, problem.distribution)]
        why = f" The plugin {name!r} is installed but broken: {broken[0].reason}." if broken else ""
        kinds = [item.kind for item in self.components if item.name == name]
        near = f" There is a {kinds[0]} of that name." if kinds else did_you_mean(name, installed)
        return f"There is no {kind or 'component'} {name!r}.{near}{why} Installed: {', '.join(installed) or 'none'}."


def _hooks_of(module: Any) -> Any:
    """Return the hooks of a plugin module, called through a manager that knows only this plugin."""
    manager = pluggy.PluginManager(hooks.GROUP)
    manager.add_hookspecs(hooks)
    manager.register(module)
    manager.check_pending()
    if not manager.get_hookcallers(module):
        raise TypeError("it offers nothing: no function is marked with @hookimpl")
    return manager.hook


def _offers(hook: Any) -> Iterator[tuple[Kind, Any]]:
    """Yield the kind and class of every component that is offered."""
    for kind in Kind:
        for offered in getattr(hook, kind.hook)():
            yield from ((kind, item) for item in offered)


def _check_component(kind: Kind, component: Any) -> type[Component]:
    if not (inspect.isclass(component) and issubclass(component, kind.base)):
        raise TypeError(f"{kind.hook} must yield subclasses of {kind.base.__name__}, not {component!r}")
    cls: type[Component] = component
    if inspect.isabstract(cls):
        raise TypeError(f"{cls.__name__} lacks {', '.join(sorted(cls.__abstractmethods__))}")
    if not _NAME.fullmatch(str(getattr(cls, "name", ""))):
        raise TypeError(f"{cls.__name__}.name must be lower-case letters, digits, '-' and '_'")
    options(cls)
    return cls


def _command(command: Any) -> click.Command:
    if not isinstance(command, click.Command) or not _NAME.fullmatch(str(command.name)):
        raise TypeError(f"covey_commands must yield click commands with a plain name, not {command!r}")
    return command


def _versions(distribution: str, error: BaseException) -> str:
    """Return which covey this is and which one a broken plugin asks for, where that may be what is wrong."""
    requirement = next(filter(None, map(_ASKED.match, _requirements(distribution))), None)
    lacks = isinstance(error, ImportError) and (error.name or "").partition(".")[0] == "covey"
    lacks = lacks or (isinstance(error, AttributeError) and getattr(error.obj, "__name__", "").startswith("covey"))
    if not (requirement or lacks):
        return ""
    remark = f", and the plugin asks for {requirement[1].strip()}" if requirement else ""
    return f" (this is covey {version('covey')}{remark})"


def _requirements(distribution: str) -> list[str]:
    try:
        return requires(distribution) or []
    except (PackageNotFoundError, ValueError):
        return []


def _origin(point: EntryPoint) -> tuple[str, str, str]:
    return (point.dist.name if point.dist else "", point.name, point.value)


def _pip(missing: Iterable[str]) -> str:
    return "pip install " + " ".join(f'"{name}"' if "[" in name else name for name in missing)
