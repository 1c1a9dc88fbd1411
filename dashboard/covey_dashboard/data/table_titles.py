"""What tables are called in lists, and which was made from which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from covey import Embedding
from covey.frontend import AnyEntry, Entry, TableKind, format_value

KIND_TITLES = {
    TableKind.FEATURES: "Features",
    TableKind.EMBEDDING: "Embedding",
    TableKind.CLUSTERING: "Clusters",
}


def as_utf8(text: str) -> str:
    """Return a text that can be sent to the browser: the name of a file may hold bytes that are no UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8")


def title_tables(entries: Sequence[AnyEntry]) -> dict[str, str]:
    """Return what each table is called: what made it, and the options or the file that tell it from the others."""
    groups: dict[str, list[AnyEntry]] = {}
    for entry in entries:
        groups.setdefault(_title_of(entry), []).append(entry)
    titles = {
        name: as_utf8(title + difference) for title, group in groups.items() for name, difference in _tell_apart(group)
    }
    return {entry.name: titles[entry.name] for entry in entries}


def title_embeddings(entries: Sequence[Entry[Embedding]]) -> dict[str, str]:
    """Return what each embedding is called: what made it, and its file if that does not tell it from the others."""
    title_by_name = {entry.name: _embedding_title(entry) for entry in entries}
    titles = list(title_by_name.values())
    return {name: title if titles.count(title) == 1 else f"{title} ({name})" for name, title in title_by_name.items()}


def is_made_from(entry: AnyEntry, table: AnyEntry) -> bool:
    """Whether an entry is a clustering that was made from another table."""
    is_clustering = entry.kind is TableKind.CLUSTERING
    key = table.provenance.key if table.provenance else None
    return is_clustering and entry.provenance is not None and entry.provenance.input == key


def _embedding_title(entry: Entry[Embedding]) -> str:
    origin = entry.provenance
    if origin is None:
        return entry.name
    return " · ".join([f"{origin.tag} to {entry.shape[1]}", *([origin.source.tag] if origin.source else [])])


def _title_of(entry: AnyEntry) -> str:
    origin = entry.provenance
    tags = " · ".join(step.tag for step in reversed(origin.lineage)) if origin else entry.name
    return f"{KIND_TITLES[entry.kind]}: {tags}"


def _tell_apart(group: Sequence[AnyEntry]) -> list[tuple[str, str]]:
    """Return the name of each of some tables of one title, and what tells it from the others, "" for one alone."""
    settings_of = [_settings(entry) for entry in group]
    options = [name for name in settings_of[0] if len({settings.get(name) for settings in settings_of}) > 1]
    phrases = [[f"{name.rpartition('.')[2]} {settings.get(name)}" for name in options] for settings in settings_of]
    parts_of = [
        [*parts, *([entry.name] if phrases.count(parts) > 1 else [])]
        for entry, parts in zip(group, phrases, strict=True)
    ]
    return [
        (entry.name, f" ({', '.join(parts)})" if parts else "") for entry, parts in zip(group, parts_of, strict=True)
    ]


def _settings(entry: AnyEntry) -> Mapping[str, str]:
    """Return the options of all steps that made a table, each as "kind.option"."""
    chain = entry.provenance.lineage if entry.provenance else []
    return {f"{step.kind}.{name}": format_value(value) for step in chain for name, value in step.options.items()}
