"""The hooks through which a plugin offers its components and commands.

A plugin is a module, named in the entry-point group `covey`, with one or more of these functions marked @hookimpl:

    from covey import hookimpl

    @hookimpl
    def covey_clusterers():
        yield Dbscan
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pluggy

from covey.components.contracts import Clusterer, FeatureExtractor, Reducer, Storage
from covey.components.engine_contract import Engine
from covey.components.exchange_contracts import Exporter, Importer
from covey.components.measure_contract import Measure
from covey.components.source_contract import Source

if TYPE_CHECKING:
    import click

GROUP = "covey"
hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


@hookspec
def covey_feature_extractors() -> Iterable[type[FeatureExtractor]]:  # type: ignore[empty-body]
    """Offer feature extractors: component classes that describe each image by a vector.

    Example:
        @hookimpl
        def covey_feature_extractors():
            yield Brightness
    """


@hookspec
def covey_reducers() -> Iterable[type[Reducer]]:  # type: ignore[empty-body]
    """Offer reducers: component classes that give each image a place in few dimensions.

    Example:
        @hookimpl
        def covey_reducers():
            yield Pca
    """


@hookspec
def covey_clusterers() -> Iterable[type[Clusterer]]:  # type: ignore[empty-body]
    """Offer clusterers: component classes that find groups.

    Example:
        @hookimpl
        def covey_clusterers():
            yield Dbscan
    """


@hookspec
def covey_storages() -> Iterable[type[Storage]]:  # type: ignore[empty-body]
    """Offer storage backends: component classes that open datasets wherever they lie.

    Example:
        @hookimpl
        def covey_storages():
            yield Npz
    """


@hookspec
def covey_engines() -> Iterable[type[Engine]]:  # type: ignore[empty-body]
    """Offer engines: component classes that compute batches here or elsewhere.

    Example:
        @hookimpl
        def covey_engines():
            yield Processes
    """


@hookspec
def covey_sources() -> Iterable[type[Source]]:  # type: ignore[empty-body]
    """Offer sources: component classes that find recordings and hand over their bytes.

    Example:
        @hookimpl
        def covey_sources():
            yield Folder
    """


@hookspec
def covey_measures() -> Iterable[type[Measure]]:  # type: ignore[empty-body]
    """Offer measures: component classes that give each clustering a number.

    Example:
        @hookimpl
        def covey_measures():
            yield Silhouette
    """


@hookspec
def covey_exporters() -> Iterable[type[Exporter]]:  # type: ignore[empty-body]
    """Offer exporters: component classes that write what a dataset holds in the form of another program.

    Example:
        @hookimpl
        def covey_exporters():
            yield Raven
    """


@hookspec
def covey_importers() -> Iterable[type[Importer]]:  # type: ignore[empty-body]
    """Offer importers: component classes that bring what another program made into a dataset.

    Example:
        @hookimpl
        def covey_importers():
            yield Raven
    """


@hookspec
def covey_commands() -> Iterable[click.Command]:  # type: ignore[empty-body]
    """Offer commands: each becomes a subcommand of `covey`, and imports what is heavy only when it is called.

    Example:
        @hookimpl
        def covey_commands():
            yield dashboard
    """
