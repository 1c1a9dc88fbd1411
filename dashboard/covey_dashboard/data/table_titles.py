"""What tables are called in lists, and which was made from which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from covey import Embedding
from covey.frontend import AnyEntry, Entry, TableKind, format_value

KIND_TITLES = {
    TableKind.FEATURES: "Features",
    TableKind.EMBEDDING: "Embedding",
    TableKind.CLUSTERING: "Groups",
    TableKind.STATE: "Learned",
    TableKind.EXTRA: "Extra table",
}


def as_utf8(text: str) -> str:
    """Return a text that can be sent to the browser: the name of a file may hold bytes that are no UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8")


def title_tables(entries: Sequence[AnyEntry]) -> dict[str, str]:
    """Return what each table is called: what made it, and the options or the file that tell it from the others."""
    entries_by_title: dict[str, list[AnyEntry]] = {}
    for entry in entries:
        entries_by_title.setdefault(_title_of(entry), []).append(entry)
    titles = {
        name: as_utf8(title + difference)
        for title, group in entries_by_title.items()
        for name, difference in _list_differences(group)
    }
    return {entry.name: titles[entry.name] for entry in entries}


def title_embeddings(entries: Sequence[Entry[Embedding]]) -> dict[str, str]:
    """Return what each embedding is called: what made it, and its file if that does not tell it from the others."""
    title_by_name = {entry.name: _embedding_title(entry) for entry in entries}
    all_titles = list(title_by_name.values())
    return {
        name: title if all_titles.count(title) == 1 else f"{title} ({name})" for name, title in title_by_name.items()
    }


def is_made_from(entry: AnyEntry, table: AnyEntry) -> bool:
    """Whether an entry is a clustering that was made from another table."""
    is_clustering = entry.kind is TableKind.CLUSTERING
    table_key = table.provenance.key if table.provenance else None
    return is_clustering and entry.provenance is not None and entry.provenance.input == table_key


def _embedding_title(entry: Entry[Embedding]) -> str:
    provenance = entry.provenance
    if provenance is None:
        return entry.name
    return " · ".join([f"{provenance.tag} to {entry.shape[1]}", *(step.tag for step in provenance.chain[1:])])


def _title_of(entry: AnyEntry) -> str:
    provenance = entry.provenance
    return f"{KIND_TITLES[entry.kind]}: {entry.given_name or (provenance.title if provenance else entry.name)}"


def _list_differences(entries: Sequence[AnyEntry]) -> list[tuple[str, str]]:
    """Return the name of each table and the suffix that sets its title apart from equal ones, "" for a single table."""
    settings_by_entry = [_settings(entry) for entry in entries]
    differing_options = [
        name for name in settings_by_entry[0] if len({settings.get(name) for settings in settings_by_entry}) > 1
    ]
    phrases_by_entry = [
        [f"{name.rpartition('.')[2]} {settings.get(name)}" for name in differing_options]
        for settings in settings_by_entry
    ]
    unique_phrases_by_entry = [
        [*phrases, *([entry.name] if phrases_by_entry.count(phrases) > 1 else [])]
        for entry, phrases in zip(entries, phrases_by_entry, strict=True)
    ]
    return [
        (entry.name, f" ({', '.join(phrases)})" if phrases else "")
        for entry, phrases in zip(entries, unique_phrases_by_entry, strict=True)
    ]


def _settings(entry: AnyEntry) -> Mapping[str, str]:
    """Return the options of all steps that made a table, each as "kind.option"."""
    steps = entry.provenance.lineage if entry.provenance else []
    return {f"{step.kind}.{name}": format_value(value) for step in steps for name, value in step.options.items()}
