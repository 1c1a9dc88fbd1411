"""The sources of core, offered through the same hook as those of any plugin."""

from __future__ import annotations

from collections.abc import Iterable

from covey.components.source_contract import Source
from covey.plugins.hooks import hookimpl
from covey.sources.folder_source import Folder


@hookimpl
def covey_sources() -> Iterable[type[Source]]:
    """Offer folders on this machine."""
    yield Folder
