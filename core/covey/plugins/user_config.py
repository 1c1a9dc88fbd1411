"""The user's own settings on this machine, `config.toml` in the user's data folder."""

from __future__ import annotations

from pathlib import Path

from covey._base.errors import did_you_mean
from covey._base.user_folders import user_data_folder
from covey.components.contracts import Storage
from covey.components.kinds import Kind
from covey.plugins.component_sections import SectionReader, read_toml
from covey.plugins.registry import Registry

FILE = "config.toml"
_KEYS = (Kind.STORAGE,)


def user_config_file() -> Path:
    """Return the file, which may not exist."""
    return user_data_folder() / FILE


def read_user_storages(registry: Registry) -> list[Storage]:
    """Return the storages whose options the user has set; none if there is no file.

    Raises:
        CoveyError: a sentence for each problem in the file, with its line.
    """
    path = user_config_file()
    if not path.exists():
        return []
    document, locate = read_toml(path)
    reader = SectionReader(registry, locate, path.parent)
    for key in document:
        if key not in _KEYS:
            reader.report((key,), f"there is no setting {key!r}.{did_you_mean(key, _KEYS)}")
    storages = reader.read_storages(document.get(Kind.STORAGE))
    reader.raise_errors()
    return storages
