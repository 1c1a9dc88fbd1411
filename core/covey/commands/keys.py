"""covey keys: the keys of sources, kept with the user."""

from __future__ import annotations

import os
import sys
from getpass import getpass

import click

from covey._base.errors import CoveyError
from covey._base.terminal_progress import print_text
from covey.commands.terminal.text_tables import print_table
from covey.components.kinds import Kind
from covey.components.source_contract import ServiceKey, Source
from covey.plugins.registry import Registry
from covey.sources.source_keys import read_stored_keys, store_key

_NO_ARGUMENT = "A key is no argument: your shell would remember it."
_SHORTEST_KEY = 16
"""Characters; keys of services have more, and names of sources fewer, or no digits."""


@click.group()
def keys() -> None:
    """Set, list and remove the keys that sources need. They are never shown."""


@keys.command("set")
@click.argument("source")
@click.argument("misplaced", nargs=-1, metavar="")
def set_key(source: str, misplaced: tuple[str, ...]) -> None:
    """Store the key of SOURCE, which is typed unseen, or read from standard input if that is no terminal.

    It goes into a file that only you can read, and never into a dataset. An environment variable with a key wins.
    """
    if _looks_like_key(source):
        raise CoveyError(f"{_NO_ARGUMENT} Type covey keys set SOURCE; `covey keys list` shows the sources.")
    name, key = _find_key(source)
    if misplaced:
        raise CoveyError(f"{_NO_ARGUMENT} Type covey keys set {name} alone.")
    is_terminal = sys.stdin.isatty()
    if is_terminal:
        print_text(key.how, err=True)
    secret = (getpass(f"Key of {name} (not shown): ") if is_terminal else sys.stdin.readline()).strip()
    if not secret:
        raise CoveyError("No key was given, and nothing was changed.")
    store_key(name, secret)
    print_text(f"The key of {name} is stored.")


@keys.command("list")
def list_keys() -> None:
    """List the sources that need a key, and where theirs is; the keys themselves are not shown."""
    stored = read_stored_keys()
    rows = [[cls.name, _locate_key(cls, stored), cls.key.variable] for cls in _list_sources() if cls.key]
    if not rows:
        print_text("No source that is installed needs a key.")
        return
    print_table(["source", "key", "environment variable"], rows)


@keys.command("remove")
@click.argument("source")
def remove_key(source: str) -> None:
    """Remove the stored key of SOURCE."""
    if _looks_like_key(source):
        raise CoveyError(f"{_NO_ARGUMENT} Type covey keys remove SOURCE; `covey keys list` shows the sources.")
    if source not in read_stored_keys():
        raise CoveyError(f"No key of {source!r} is stored: `covey keys list` shows which are.")
    store_key(source, "")
    print_text(f"The key of {source} is removed.")


def _find_key(name: str) -> tuple[str, ServiceKey]:
    registered = Registry.installed().find(name, Kind.SOURCE)
    cls = registered.cls
    if not issubclass(cls, Source) or cls.key is None:
        raise CoveyError(f"{registered.name} needs no key.")
    return registered.name, cls.key


def _looks_like_key(text: str) -> bool:
    """Return whether a word is more likely a key than the name of a source; it is not shown then."""
    return len(text) >= _SHORTEST_KEY and any(sign.isdigit() for sign in text)


def _list_sources() -> list[type[Source]]:
    classes = (registered.cls for registered in Registry.installed().of_kind(Kind.SOURCE))
    return [cls for cls in classes if issubclass(cls, Source)]


def _locate_key(cls: type[Source], stored: dict[str, str]) -> str:
    variables = (cls.key.variable, *cls.key.other_variables) if cls.key else ()
    variable = next((name for name in variables if os.environ.get(name, "").strip()), "")
    return f"in {variable}" if variable else "stored" if cls.name in stored else "none"
