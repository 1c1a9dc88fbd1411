"""What all steps of a run share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import attrs

from covey._base.progress import Progress
from covey.components.contracts import Component, FeatureExtractor, Runtime
from covey.components.engine_contract import Engine
from covey.components.versions import package_versions
from covey.experiments.steps.run_inputs import RunInputs
from covey.experiments.steps.run_tables import RunTables
from covey.extraction.runtime import resolve_runtime


@attrs.frozen(eq=False)
class RunContext:
    """What all steps of a run share.

    Attributes:
        inputs: the images.
        tables: the tables of the dataset.
        runtime: the settings of the user, not resolved yet.
        engine: where features are computed.
        progress: what is told to the user.
        work: the folder for files that can be computed again.
    """

    inputs: RunInputs
    tables: RunTables
    runtime: Runtime
    engine: Engine
    progress: Progress
    work: Path
    _noted: set[str] = attrs.field(factory=set, init=False)
    _versions: dict[type, dict[str, str]] = attrs.field(factory=dict, init=False)

    def note_once(self, sentences: Iterable[str]) -> None:
        """Note each sentence that this run has not noted yet."""
        for sentence in sentences:
            if sentence not in self._noted:
                self._noted.add(sentence)
                self.progress.note(sentence)

    def resolve_runtime(self, extractor: FeatureExtractor) -> Runtime:
        """Return the settings with which an extractor works on most images: those of the most common size."""
        sizes = Counter((file.height, file.width) for file in self.inputs.list_inputs(extractor))
        return resolve_runtime(self.runtime, extractor, max(sizes.values(), default=0))

    def versions_of(self, component: Component) -> dict[str, str]:
        """Return the package versions behind a component; looking them up takes half a second, so it is done once."""
        if type(component) not in self._versions:
            self._versions[type(component)] = package_versions(component)
        return self._versions[type(component)]
