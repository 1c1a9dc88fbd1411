"""Check that the module of a plugin is quick to import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache

from covey.components.contracts import Component
from covey.components.heavy_imports import HEAVY
from covey.testing.assertions import expect

_LOADED = """
import importlib, json, sys
import covey.authoring
modules_of_covey = set(sys.modules)
importlib.import_module(sys.argv[1])
print(json.dumps([name for name in sys.argv[2:] if name in sys.modules and name not in modules_of_covey]))
"""


def check_import(cls: type[Component]) -> None:
    """Check, in a new Python process, that importing the module of a component imports no slow library.

    Raises:
        AssertionError: it does, or the module cannot be imported.
    """
    process = _import_alone(cls.__module__, os.pathsep.join(filter(None, sys.path)))
    expect(process.returncode == 0, f"{cls.__module__} cannot be imported by itself: {process.stderr.strip()[-300:]}")
    loaded = ", ".join(json.loads(process.stdout.splitlines()[-1]))
    expect(not loaded, f"importing {cls.__module__} imports {loaded}: import it in the method that needs it")


@cache
def _import_alone(module: str, python_path: str) -> subprocess.CompletedProcess[str]:
    """Import a module in a process of its own, once for all components in it."""
    command = [sys.executable, "-c", _LOADED, module, *HEAVY]
    environment = {**os.environ, "PYTHONPATH": python_path}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
