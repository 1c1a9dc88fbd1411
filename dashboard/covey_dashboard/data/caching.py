"""One decorator for what is opened, read or computed once for all reruns and all sessions."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from typing import Any, Generic, ParamSpec, TypeVar

import streamlit as st

from covey.frontend import Component, Entry, Table, digest

P = ParamSpec("P")
R = TypeVar("R")


@singledispatch
def identify(argument: object) -> object:
    """Return a JSON value that tells an argument of a cached function from all others.

    Raises:
        TypeError: nothing is registered for arguments of this class.
    """
    raise TypeError(f"register how cached functions tell {type(argument).__name__} objects apart")


@identify.register
def _(argument: str | int | float | None) -> object:
    return argument


@identify.register(tuple)
def _(arguments: tuple[object, ...]) -> object:
    return [identify(argument) for argument in arguments]


@identify.register(Entry)
def _(entry: Entry[Table]) -> object:
    return [entry.name, entry.given_name, entry.shape, entry.provenance.key if entry.provenance else None]


@identify.register
def _(component: Component) -> object:
    cls = type(component)
    return [cls.__module__, cls.__qualname__, repr(component), dict(component.identity())]


class CachedFunction(Generic[P, R]):
    """A function whose results are kept. They are shared: nobody may change them."""

    def __init__(self, function: Callable[P, R], distinguish: Callable[..., object], **limits: Any) -> None:
        def compute(identity: str, _arguments: tuple[Any, ...], _keywords: dict[str, Any]) -> R:
            return function(*_arguments, **_keywords)

        # Streamlit tells cached functions apart by module, name and text.
        compute.__module__, compute.__qualname__ = function.__module__, function.__qualname__
        self._compute: Any = st.cache_resource(**limits)(compute)
        self._distinguish = distinguish
        self.__doc__ = function.__doc__

    def __call__(self, *arguments: P.args, **keywords: P.kwargs) -> R:
        """Return what the function returned for equal arguments before, or call it."""
        result: R = self._compute(digest(identify(self._distinguish(*arguments, **keywords))), arguments, keywords)
        return result

    def clear(self) -> None:
        """Forget all results."""
        self._compute.clear()


def cached(
    *,
    spinner: str = "",
    ttl: float | None = None,
    max_entries: int | None = None,
    by: Callable[..., object] | None = None,
) -> Callable[[Callable[P, R]], CachedFunction[P, R]]:
    """Return a decorator that keeps what a function returns.

    Args:
        spinner: what a waiting person reads; "" for nothing.
        ttl: seconds after which a result is forgotten; None for never.
        max_entries: results that are kept; the oldest go first.
        by: given the arguments, returns those that decide the result; by default all of them do.
    """

    def decorate(function: Callable[P, R]) -> CachedFunction[P, R]:
        limits = {"show_spinner": spinner or False, "ttl": ttl, "max_entries": max_entries}
        return CachedFunction(function, by or _all_arguments, **limits)

    return decorate


def _all_arguments(*arguments: object, **keywords: object) -> object:
    return (*arguments, *(argument for _, argument in sorted(keywords.items())))
