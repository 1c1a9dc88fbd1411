"""Which learned state an extractor uses: one of these images, or an earlier one."""

from __future__ import annotations

import attrs

from covey._base.text import count_noun
from covey.components.contracts import FeatureExtractor
from covey.data.provenance import Provenance
from covey.experiments.steps.run_context import RunContext


def choose_state(extractor: FeatureExtractor, learn_again: bool, run: RunContext) -> Provenance | None:
    """Return the provenance of what an extractor has learned or is to learn; None if it does not learn.

    What was learned from other images is applied to these too, unless the extractor is to learn again; of several,
    what was learned from the most images.
    """
    if not extractor.learns:
        return None
    clips = run.inputs.training_clips(extractor)
    state_of_now = Provenance.of_state(extractor, clips.key)
    if learn_again or state_of_now.key in run.tables.entries_by_key:
        return state_of_now
    earlier_states = [
        (entry.shape[0], entry.provenance.key, entry)
        for entry in run.tables.dataset.states()
        if entry.provenance and attrs.evolve(entry.provenance, input=state_of_now.input).key == state_of_now.key
    ]
    if not earlier_states:
        return state_of_now
    count, _, entry = max(earlier_states, key=lambda state: state[:2])
    images = f"{count_noun(len(clips), 'image')} of now"
    run.note_once(
        [
            f"{extractor.name} learned from {count_noun(count, 'image')} earlier, and that ({entry.name}) is"
            f" applied to the {images}: let it learn again if these should count."
        ]
    )
    return entry.provenance
