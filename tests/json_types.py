"""The types of what commands print with --json, as far as tests read it."""

from __future__ import annotations

from typing import NotRequired, TypedDict


class AgreementJson(TypedDict):
    """How clusters agree with labels."""

    ami: float
    ari: float


class ScoresJson(TypedDict):
    """The measures of a clustering that need labels."""

    whole: AgreementJson
    assigned: AgreementJson
    knn: float
    knn_features: float


class MeasuresJson(TypedDict):
    """A row of `covey compare` or `covey evaluate`."""

    rank: int
    clustering: str
    images: int
    clusters: int
    coverage: float
    largest: int
    halves: float | None
    seeds: float | None
    recording: float
    labels: NotRequired[ScoresJson]


class PointJson(TypedDict):
    """The clusters at one value of an option."""

    value: float
    clusters: int
    noise: float
    largest: float


class ProfileJson(TypedDict):
    """A profile of `covey profile`."""

    table: str
    clusterer: dict[str, object]
    suggested: float
    values: list[PointJson]


class DetailsJson(TypedDict):
    """The details of a provenance."""

    chosen: dict[str, object]
    runtime: dict[str, object]


class ProvenanceJson(TypedDict):
    """The provenance of a table."""

    options: dict[str, object]
    details: DetailsJson


class TableJson(TypedDict):
    """A table of `covey info`."""

    name: str
    kind: str
    provenance: ProvenanceJson
    origin: dict[str, object] | None
    arrays: dict[str, object]
    checks: list[str]


class FrameJson(TypedDict):
    """A pickled table of `covey info`."""

    rows: int
    columns: list[str]


class DatasetJson(TypedDict):
    """A dataset of `covey info`."""

    images: int
    tables: list[TableJson]
    labels: dict[str, object] | None
    metadata: dict[str, object] | None
    problems: list[str]
    unfinished: list[dict[str, object]]
