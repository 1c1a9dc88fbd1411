"""The component that made a table, from the provenance of that table."""

from __future__ import annotations

from covey._base.errors import CoveyError
from covey.analysis.join_tables import Join
from covey.components import options
from covey.components.contracts import Component
from covey.components.kinds import Kind
from covey.data.provenance import Provenance
from covey.plugins.registry import Registry


def rebuild_component(step: Provenance, registry: Registry) -> Component:
    """Return the component that made a table, with its options.

    Args:
        step: provenance of the table.
        registry: the installed components.

    Raises:
        CoveyError: the table is of another tool or joins embeddings, or the component is missing or of another version.
    """
    if step.is_foreign:
        raise CoveyError(f"{step.details.file} is of another tool: only what covey made can be made again.")
    if step.joined and step.kind is not Kind.EXTRACTOR:
        raise CoveyError(
            f"{step.title} joins embeddings, which covey does not do by itself: join their features, and reduce these."
        )
    cls = Join if step.joined else registry.get(step.kind, step.component)
    if cls.version != step.version:
        versions = f"had version {step.version} and now has version {cls.version}"
        raise CoveyError(f"{step.component} {versions}: install the earlier release to make the table again.")
    return options.rebuild(cls, step.options)
