"""The whole contract of a component, each promise as a test of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeVar

from covey.components.contracts import Clusterer, Component, FeatureExtractor, Reducer, Storage
from covey.components.engine_contract import Engine
from covey.components.source_contract import Source
from covey.testing.checks import Check, Trial, list_checks, run_checks
from covey.testing.component_checks import ComponentChecks
from covey.testing.engines import EngineChecks
from covey.testing.learners import extractor_checks
from covey.testing.preparations import clusterer_checks
from covey.testing.reducers import reducer_checks
from covey.testing.sources import SourceChecks
from covey.testing.storages import Place, StorageChecks

C_contra = TypeVar("C_contra", bound=Component, contravariant=True)


def checks(
    cls: type[Component],
    /,
    *,
    place: Place = str,
    query: str = "",
    expected_failures: Mapping[str, str] | None = None,
    **settings: object,
) -> list[Check]:
    """Return the checks of a component with these options, for `pytest.mark.parametrize`.

    Example:
        @pytest.mark.parametrize("check", checks(Optics, expected_failures={"order": "xi decides borders by order"}))
        def test_contract(check):
            check()

    Args:
        cls: the class of a component.
        place: for a storage, where it keeps what would lie at a path on this machine.
        query: for a source, what finds a few small recordings: all are fetched.
        expected_failures: reasons by the names of checks that are expected to fail: these are skipped with their
            reason, and fail if the promise is kept after all.
        settings: options of the component.

    Raises:
        CoveyError: there is no check of a name in `expected_failures`.
    """
    return list_checks(_make_trial(cls, settings, place, query), expected_failures or {})


class CheckKind(Protocol[C_contra]):
    """A function that checks components of one kind."""

    def __call__(
        self, cls: type[C_contra], /, *, expected_failures: Mapping[str, str] | None = None, **settings: object
    ) -> None:
        """Check a component as `check_contract` does."""


def check_contract(
    cls: type[Component], /, *, expected_failures: Mapping[str, str] | None = None, **settings: object
) -> None:
    """Check the whole contract of a component with these options: all that `checks` lists, one after another.

    The work of an extractor is loaded several times, with its weights.

    Args:
        cls: the class.
        expected_failures: reasons by the names of checks that are expected to fail.
        settings: its options.

    Raises:
        AssertionError: it breaks the contract.
    """
    run_checks(list_checks(_make_trial(cls, settings), expected_failures or {}))


check_extractor: CheckKind[FeatureExtractor] = check_contract
check_reducer: CheckKind[Reducer] = check_contract
check_clusterer: CheckKind[Clusterer] = check_contract
check_engine: CheckKind[Engine] = check_contract


def _make_trial(cls: type[Component], settings: Mapping[str, object], place: Place = str, query: str = "") -> Trial:
    if issubclass(cls, FeatureExtractor):
        return extractor_checks(cls, settings)
    if issubclass(cls, Reducer):
        return reducer_checks(cls, settings)
    if issubclass(cls, Clusterer):
        return clusterer_checks(cls, settings)
    if issubclass(cls, Storage):
        return StorageChecks(cls, settings, place=place)
    if issubclass(cls, Engine):
        return EngineChecks(cls, settings)
    if issubclass(cls, Source):
        return SourceChecks(cls, settings, query)
    return ComponentChecks(cls, settings)
