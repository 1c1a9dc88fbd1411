"""The kinds of components: the one table of their names, base classes, hooks and defaults."""

from __future__ import annotations

from enum import StrEnum

from covey.components.contracts import Clusterer, Component, FeatureExtractor, Reducer, Storage
from covey.components.engine_contract import Engine
from covey.components.exchange_contracts import Exporter, Importer
from covey.components.measure_contract import Measure
from covey.components.source_contract import Source


class Kind(StrEnum):
    """A kind of component.

    Its value is its name: in provenance, as a section of `covey.toml` and as a flag of `covey run`.
    """

    base: type[Component]
    """The class that components of this kind inherit from."""
    hook: str
    """The hook through which plugins offer them."""
    default: str
    """The component that is used if none is named; "" if there is no such one."""

    EXTRACTOR = "extractor", FeatureExtractor, "covey_feature_extractors", "timm"
    REDUCER = "reducer", Reducer, "covey_reducers", "umap"
    CLUSTERER = "clusterer", Clusterer, "covey_clusterers", "dbscan"
    STORAGE = "storage", Storage, "covey_storages", "npz"
    ENGINE = "engine", Engine, "covey_engines", "local"
    SOURCE = "source", Source, "covey_sources", ""
    MEASURE = "measure", Measure, "covey_measures", ""
    EXPORTER = "exporter", Exporter, "covey_exporters", ""
    IMPORTER = "importer", Importer, "covey_importers", ""

    def __new__(cls, name: str, base: type[Component], hook: str, default: str) -> Kind:
        """Make a member whose value is its name alone."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.base, member.hook, member.default = base, hook, default
        return member

    @classmethod
    def named(cls, name: str) -> Kind:
        """Return the kind of this name. Raises ValueError for a name of none."""
        for kind in cls:
            if kind == name:
                return kind
        raise ValueError(f"{name!r} is no kind of component")

    @classmethod
    def of(cls, component: type[Component]) -> Kind:
        """Return the kind of a component class. Raises TypeError for a class of no kind."""
        for kind in cls:
            if issubclass(component, kind.base):
                return kind
        raise TypeError(
            f"{component.__name__} is of no kind: it must inherit from {', '.join(kind.base.__name__ for kind in cls)}"
        )


STEPS = (Kind.EXTRACTOR, Kind.REDUCER, Kind.CLUSTERER)
"""The kinds whose components make tables, in the order in which data flows."""
BESIDE_RUNS = (Kind.SOURCE, Kind.MEASURE, Kind.EXPORTER, Kind.IMPORTER)
"""The kinds whose components take no part in a run: a name alone means a component of another kind first."""
