"""The lines at which the keys of a TOML text stand."""

from __future__ import annotations

import re
import tomllib

KeyPath = tuple[str | int, ...]
"""The way to a value: a key, or a position from 0 in an array, for each level."""

_TOKEN = re.compile(
    r"""
    (?P<newline>\n)
    | (?P<skipped>[ \t\r]+|\#[^\n]*)
    | (?P<token>
        \"{3}(?:[^\\]|\\.)*?\"{3,5}  # strings of several lines, at whose end there may be two more quotes
      | '{3}.*?'{3,5}
      | "(?:[^"\\\n]|\\.)*" | '[^'\n]*'
      | \d{4}-\d\d-\d\d[ ]\d\d:[^\s,\]}\#]*  # the only bare value with a space in it
      | [\[\]{},=] | [^\s\[\]{},=\#"']+
    )
    """,
    re.VERBOSE | re.DOTALL,
)


def find_line(text: str, path: KeyPath) -> int | None:
    """Return the number, from 1, of the line at which a key of a TOML text stands.

    Args:
        text: valid TOML.
        path: the way to the key, such as ("clusterer", 1, "eps") for `eps` in the second `[[clusterer]]`.

    Returns:
        The line; if the text lacks the key, that of the innermost table on the way that it has; None if it has none.
    """
    lines = _Scanner(text).scan()
    return next((lines[path[:length]] for length in range(len(path), 0, -1) if path[:length] in lines), None)


class _Scanner:
    """Reads the structure of a TOML text, without its values, and collects the line of each key."""

    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, int]] = []
        line = 1
        for match in _TOKEN.finditer(text):
            if match["token"]:
                self.tokens.append((match["token"], line))
            line += match[0].count("\n")
        self.position = 0
        self.lines: dict[KeyPath, int] = {}
        self.last_elements: dict[KeyPath, int] = {}
        """The position of the last element of each array of tables."""

    def scan(self) -> dict[KeyPath, int]:
        """Return the line of each key and of each element of an array."""
        table: KeyPath = ()
        while self.position < len(self.tokens):
            if self._peek() == "[":
                table = self._read_header()
            else:
                self._read_assignment(table)
        return self.lines

    def _read_header(self) -> KeyPath:
        """Read `[key]` or `[[key]]`, and return the path of the table that begins."""
        line = self._line()
        brackets = 0
        while self._peek() == "[":
            self._next()
            brackets += 1
        path: KeyPath = ()
        key = self._read_key("]")
        for depth, part in enumerate(key, 1):
            path = (*path, part)
            self.lines.setdefault(path, line)
            if depth == len(key) and brackets == 2:
                self.last_elements[path] = self.last_elements.get(path, -1) + 1
            if path in self.last_elements:
                path = (*path, self.last_elements[path])
                self.lines.setdefault(path, line)
        self.position += brackets
        return path

    def _read_assignment(self, table: KeyPath) -> None:
        """Read `key = value` in a table."""
        line = self._line()
        path = table
        for part in self._read_key("="):
            path = (*path, part)
            self.lines.setdefault(path, line)
        self.position += 1
        self._read_value(path)

    def _read_key(self, end: str) -> KeyPath:
        """Read a key, which may be dotted, up to a sign that follows it."""
        text = ""
        while self._peek() != end:
            text += self._next()
        parts: list[str] = []
        level: object = tomllib.loads(f"{text} = 0")
        while isinstance(level, dict):
            ((part, level),) = level.items()
            parts.append(part)
        return tuple(parts)

    def _read_value(self, path: KeyPath) -> None:
        """Read a value; arrays and inline tables have keys in them."""
        match self._next():
            case "[":
                self._read_array(path)
            case "{":
                while self._peek() != "}":
                    self._read_assignment(path)
                    self._skip_comma()
                self._next()

    def _read_array(self, path: KeyPath) -> None:
        element = 0
        while self._peek() != "]":
            self.lines[*path, element] = self._line()
            self._read_value((*path, element))
            self._skip_comma()
            element += 1
        self._next()

    def _skip_comma(self) -> None:
        if self._peek() == ",":
            self._next()

    def _peek(self) -> str:
        return self.tokens[self.position][0]

    def _line(self) -> int:
        return self.tokens[self.position][1]

    def _next(self) -> str:
        self.position += 1
        return self.tokens[self.position - 1][0]
