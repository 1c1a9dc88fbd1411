"""The engines of core, offered through the same hook as those of any plugin."""

from __future__ import annotations

from collections.abc import Iterable

from covey.components.engine_contract import Engine
from covey.engines.local import Local
from covey.engines.processes import Processes
from covey.plugins.hooks import hookimpl


@hookimpl
def covey_engines() -> Iterable[type[Engine]]:
    """Offer this process, and several of this machine."""
    yield Local
    yield Processes
