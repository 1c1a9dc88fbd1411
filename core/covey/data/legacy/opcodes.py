"""The machine that reads pickles without running them.

A pickle is a program for a stack machine. This one knows the instructions that data need. Where the file names a class
or a function, it only makes a note of the name and of what it would have been given: nothing is imported or called.
"""

from __future__ import annotations

from collections.abc import Set
from pickletools import genops
from typing import Any

import attrs

_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_VALUES = {
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"),
    *("SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BYTEARRAY8"),
}


class Refused(Exception):
    """What the file holds that it must not, in a few words."""


@attrs.frozen
class Name:
    """A class or function named in the file: "module name"."""

    what: str


@attrs.define(eq=False)
class Thing:
    """What the file would have made by giving `args` to the class or function `what`, and then the state `state`."""

    what: str
    args: tuple[Any, ...]
    state: Any = None


def note(pickled: bytes, allowed: Set[str]) -> Any:
    """Return what a pickle describes: plain values, lists, dicts with text as keys, `Name` and `Thing`.

    Raises:
        Refused: it names what is not in `allowed`, or needs an instruction that data do not need.
        ValueError, TypeError, LookupError, ...: it is damaged.
    """
    machine = _Machine(allowed)
    for opcode, arg, _ in genops(pickled):
        machine.step(opcode.name, arg)
    return machine.stack.pop()


class _Machine:
    def __init__(self, allowed: Set[str]) -> None:
        self.allowed = allowed
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def step(self, name: str, arg: Any) -> None:
        """Take one instruction; the most frequent ones come first."""
        if name in _VALUES:
            self.stack.append(arg)
        elif name == "MEMOIZE":
            self.memo[len(self.memo)] = self.stack[-1]
        elif name in ("BINPUT", "LONG_BINPUT"):
            self.memo[arg] = self.stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            self.stack.append(self.memo[arg])
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name])
        elif name in _TUPLES:
            self.stack.append(tuple(self._pop(_TUPLES[name])))
        else:
            self._rare(name, arg)

    def _rare(self, name: str, arg: Any) -> None:
        match name:
            case "MARK":
                self.marks.append(len(self.stack))
            case "TUPLE":
                self.stack.append(tuple(self._marked()))
            case "EMPTY_LIST":
                self.stack.append([])
            case "EMPTY_DICT":
                self.stack.append({})
            case "APPEND":
                self._extend(self._pop(1))
            case "APPENDS":
                self._extend(self._marked())
            case "SETITEM":
                self._update(self._pop(2))
            case "SETITEMS":
                self._update(self._marked())
            case "GLOBAL":
                self._name(arg)
            case "STACK_GLOBAL":
                self._name(" ".join(self._pop(2)))
            case "REDUCE" | "NEWOBJ":
                self._make()
            case "BUILD":
                self._build()
            case "PROTO" | "FRAME" | "STOP":
                pass
            case _:
                raise Refused(f"it needs the pickle instruction {name}, which plain data do not")

    def _pop(self, count: int) -> list[Any]:
        start = len(self.stack) - count
        if start < (self.marks[-1] if self.marks else 0):
            raise ValueError("its stack runs empty")
        popped = self.stack[start:]
        del self.stack[start:]
        return popped

    def _marked(self) -> list[Any]:
        return self._pop(len(self.stack) - self.marks.pop())

    def _extend(self, items: list[Any]) -> None:
        if type(self.stack[-1]) is not list:
            raise TypeError("it appends to what is no list")
        self.stack[-1].extend(items)

    def _update(self, items: list[Any]) -> None:
        if type(self.stack[-1]) is not dict or not all(type(key) is str for key in items[::2]):
            raise TypeError("it holds a dict with other keys than text")
        self.stack[-1].update(zip(items[::2], items[1::2], strict=True))

    def _name(self, name: str) -> None:
        if name not in self.allowed:
            raise Refused(f"it names {name[:100].replace(' ', '.')}, which no plain table needs")
        self.stack.append(Name(name))

    def _make(self) -> None:
        name, args = self._pop(2)
        if type(name) is not Name or type(args) is not tuple:
            raise TypeError("it calls what is no name")
        self.stack.append(Thing(name.what, args))

    def _build(self) -> None:
        (state,) = self._pop(1)
        if type(self.stack[-1]) is not Thing:
            raise TypeError("it gives a state to what has none")
        self.stack[-1].state = state
