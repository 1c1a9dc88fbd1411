"""BirdNET's network: interpreters that give its embedding beside its species, one window each at a time."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Protocol, TypedDict

from covey import Floats

MOST = 4
"""Interpreters, at most; each has weights of its own, 77 MB."""
_OUTPUTS = 2532
"""Where the one model file that is accepted says how far from there the list of its outputs is, in bytes."""
_LOGITS = 546
"""The tensor that it gives; the one before is the embedding."""


class _Tensor(TypedDict):
    index: int


class _Interpreter(Protocol):
    """What is used of LiteRT's interpreter."""

    def allocate_tensors(self) -> None: ...
    def get_input_details(self) -> list[_Tensor]: ...
    def set_tensor(self, index: int, tensor: Floats) -> None: ...
    def get_tensor(self, index: int) -> Floats: ...
    def invoke(self) -> None: ...


class Interpreters:
    """Computes several windows at once, each on an interpreter and a thread of its own.

    That is faster than one interpreter with all threads, which wait for each other at each of its small operations, and
    each row is the same whatever the number of threads (tests/benchmarks/birdnet.py).
    """

    def __init__(self, path: Path, threads: int | None) -> None:
        """Load the model."""
        from ai_edge_litert.interpreter import Interpreter

        count = min(threads or 1, MOST)
        content = _add_output(path.read_bytes())
        self._idle: SimpleQueue[_Interpreter] = SimpleQueue()
        self._pool = ThreadPoolExecutor(count)
        for _ in range(count):
            interpreter: _Interpreter = Interpreter(model_content=content, num_threads=max(1, (threads or 1) // count))
            interpreter.allocate_tensors()
            self._idle.put(interpreter)

    def compute(self, windows: Iterable[Floats]) -> list[tuple[Floats, Floats]]:
        """Return the embedding (1024,) and the species before the sigmoid (6522,) of each window (144000,)."""
        return list(self._pool.map(self._compute_window, windows))

    def _compute_window(self, window: Floats) -> tuple[Floats, Floats]:
        interpreter = self._idle.get()
        try:
            interpreter.set_tensor(interpreter.get_input_details()[0]["index"], window[None])
            interpreter.invoke()
            return interpreter.get_tensor(_LOGITS - 1)[0], interpreter.get_tensor(_LOGITS)[0]
        finally:
            self._idle.put(interpreter)


def _add_output(model: bytes) -> bytes:
    """Return the model with the embedding as a second output.

    Its content is known, so the place of the list of outputs is, too. A list of two goes to the end of the file (a
    vector of FlatBuffers: its length, then 32-bit numbers). The interpreter's other way to keep a tensor, keeping all
    of them, takes an eighth more time and a second to start.
    """
    content = bytearray(model)
    struct.pack_into("<I", content, _OUTPUTS, len(model) - _OUTPUTS)
    return bytes(content + struct.pack("<Iii", 2, _LOGITS - 1, _LOGITS))
