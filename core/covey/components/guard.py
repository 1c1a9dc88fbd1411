"""The guard around every call into a plugin: what goes wrong there names the plugin, and is an error for the user.

A class that implements a contract of covey is guarded when it is defined (`guard_overrides`), so that no caller can
forget it: not the command line, not the dashboard, not another plugin. What is called without such a class, such as a
function that a hook offers, is called within `guard_call`.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.metadata import Distribution, distribution, entry_points, packages_distributions
from typing import TypeVar

from covey._base.errors import CoveyError, reason

T = TypeVar("T")
CORE = "covey"
"""The package of core, and the group of entry points that name plugins."""
_is_off: ContextVar[bool] = ContextVar("_is_off", default=False)


class PluginFailure(CoveyError):
    """A plugin raised an exception that is not meant for users; its cause is that exception."""


@contextmanager
def guard_call(name: str, module: str, action: str) -> Iterator[None]:
    """Call into a plugin: an exception that is not meant for users becomes one that names the plugin.

    CoveyError passes, and so does MemoryError, which says nothing about the plugin.

    Args:
        name: what is called, such as the name of a component.
        module: the module that it lies in, from which distribution and version are found.
        action: what it does, such as the name of the method.

    Raises:
        PluginFailure: the plugin raised any other exception.
    """
    try:
        yield
    except (CoveyError, MemoryError):
        raise
    except Exception as error:
        if _is_off.get():
            raise
        raise as_plugin_failure(error, name, module, action) from error


def as_plugin_failure(error: Exception, name: str, module: str, action: str) -> PluginFailure:
    """Return the error for the user about an exception of a plugin, and log its cause; arguments as in `guard_call`."""
    logging.getLogger(CORE).debug("%s failed in %s", name, action, exc_info=error)
    cause = f"{type(error).__name__}: {reason(error)}"
    return PluginFailure(
        f"{name}{_describe_origin(module)} failed in {action} ({cause}): try other options, or tell its authors."
    )


@contextmanager
def no_guard() -> Iterator[None]:
    """Let exceptions of plugins through as they are, for tests of plugins."""
    token = _is_off.set(True)
    try:
        yield
    finally:
        _is_off.reset(token)


def _describe_origin(module: str) -> str:
    """Return the distribution and version that a module comes from, such as " of covey-fsx 0.1.0"; "" if unknown."""
    package = module.partition(".")[0]
    origin = _find_distribution(package)
    return f" of {origin.name} {origin.version}" if origin else ""


def _find_distribution(package: str) -> Distribution | None:
    """Return the distribution of a package: that of the plugin which it is, or the first that contains it."""
    for point in entry_points(group=CORE):
        if point.dist and point.value.partition(":")[0].partition(".")[0] == package:
            return point.dist
    names = packages_distributions().get(package)
    return distribution(names[0]) if names else None


def guard_overrides(cls: type) -> None:
    """Guard the methods and properties of a class that override those of a contract of core.

    So are the functions and iterators that these methods return. Classes of core itself are not guarded.
    """
    if _is_core(cls):
        return
    contract = {name for base in cls.__mro__ if _is_core(base) for name in vars(base)}
    for name, member in list(vars(cls).items()):
        if name in contract and (not name.startswith("_") or name == "__attrs_post_init__"):
            guarded = _guard_member(member, "the check of its options" if name == "__attrs_post_init__" else name)
            setattr(cls, name, guarded)
            if isinstance(guarded, functools.cached_property):
                guarded.__set_name__(cls, name)


def _is_core(cls: type) -> bool:
    return cls.__module__.partition(".")[0] == CORE


def _guard_member(member: object, name: str) -> object:
    """Return a member of a class with its function guarded; what is no function stays as it is."""
    if isinstance(member, property) and member.fget:
        return property(_guard_method(member.fget, name), member.fset, member.fdel, member.__doc__)
    if isinstance(member, functools.cached_property):
        return functools.cached_property(_guard_method(member.func, name))
    if isinstance(member, classmethod):
        return classmethod(_guard_method(member.__func__, name))
    return _guard_method(member, name) if callable(member) and not isinstance(member, type | staticmethod) else member


def _guard_method(method: Callable[..., object], action: str) -> Callable[..., object]:
    @functools.wraps(method)
    def call(self: object, *args: object, **kwargs: object) -> object:
        cls = self if isinstance(self, type) else type(self)
        name = str(getattr(cls, "name", cls.__name__))
        with guard_call(name, cls.__module__, action):
            return _guard_outcome(method(self, *args, **kwargs), name, cls.__module__, action)

    return call


def _guard_outcome(outcome: object, name: str, module: str, action: str) -> object:
    """Return what a method returned; a function or an iterator, which does its work later, is guarded too."""
    if isinstance(outcome, Iterator):
        return _guard_iterator(outcome, name, module, action)
    if not callable(outcome) or isinstance(outcome, type):
        return outcome
    work = outcome

    @functools.wraps(work, updated=())
    def call(*args: object, **kwargs: object) -> object:
        with guard_call(name, module, action):
            return work(*args, **kwargs)

    return call


def _guard_iterator(iterator: Iterator[T], name: str, module: str, action: str) -> Iterator[T]:
    with guard_call(name, module, action):
        yield from iterator
