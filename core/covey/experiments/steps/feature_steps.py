"""Steps that make features: extracting them, learning before that, and joining them."""

from __future__ import annotations

import attrs

from covey.analysis.join_tables import Join, join_tables
from covey.components.contracts import Component, FeatureExtractor
from covey.data.dataset import is_entry_of
from covey.data.provenance import Provenance
from covey.data.tables import Features, LearnedState
from covey.experiments.plan import Task
from covey.experiments.steps.run_context import RunContext
from covey.extraction.clip_sounds import count_silent, describe_short_clips
from covey.extraction.learning import Learning
from covey.extraction.notes import describe_features
from covey.extraction.runner import Extraction
from covey.extraction.shards import shards_of


def extract_layers(task: Task, run: RunContext) -> None:
    """Extract features and extra tables, after loading what the extractor has learned."""
    extractors = [part for part in task.parts if isinstance(part, FeatureExtractor)]
    if extractors:
        state = task.provenances[0].state
        learned = run.tables.load_state(state) if state else None
        run.note_once(describe_short_clips(extractors[0], run.inputs.list_sounds(extractors[0])))
        _extraction(extractors[0], learned, run).extract(extractors, task.provenances)
        run.tables.register(task.provenances)


def learn_state(task: Task, run: RunContext) -> None:
    """Let an extractor learn, and save what it has learned."""
    for part, provenance in zip(task.parts, task.provenances, strict=True):
        if isinstance(part, FeatureExtractor):
            runtime = run.resolve_runtime(part)
            learning = Learning(run.work, run.inputs.training_clips(part), runtime, run.progress, run.runtime.strict)
            run.tables.save([learning.learn(part, provenance)])


def join_features(task: Task, run: RunContext) -> None:
    """Join tables of features, save the joined one, and note which images it has."""
    for join in task.parts:
        if isinstance(join, Join):
            entries = [entry for entry in map(run.tables.entry, task.sources) if is_entry_of(entry, Features)]
            with run.progress.step("Joining features", 1, "table") as step:
                contents = run.inputs.contents_behind(task.sources)
                joined = step.tick(join_tables([run.tables.dataset.load(entry) for entry in entries], join, contents))
            run.note_once([f"{joined.table.provenance.tag}: {joined.balance}"] if joined.table.provenance else [])
            run.tables.save([joined.table])


def finish_extraction(task: Task, run: RunContext) -> None:
    """Delete unfinished work, of earlier runs too, and report what is noticeable in images and features."""
    for provenance in task.provenances:
        shards_of(run.work, provenance).clear()
    obeys_precision = any(isinstance(part, FeatureExtractor) and "precision" in part.uses for part in task.parts)
    precision = run.runtime.precision if obeys_precision else None
    sentences = [
        sentence
        for part, provenance in zip(task.parts, task.provenances, strict=True)
        if not provenance.is_extra
        for sentence in describe_features(
            _with_silent_images(part, run.tables.stored_provenance(provenance), run),
            run.tables.entry(provenance).shape[1],
            precision,
        )
    ]
    run.note_once(sentences)


def _with_silent_images(part: Component, provenance: Provenance, run: RunContext) -> Provenance:
    """Return the provenance of features with the number of images that have no sound now."""
    silent = count_silent(run.inputs.list_sounds(part)) if isinstance(part, FeatureExtractor) else {}
    return attrs.evolve(provenance, details=attrs.evolve(provenance.details, silent=silent))


def _extraction(extractor: FeatureExtractor, learned: LearnedState | None, run: RunContext) -> Extraction:
    return Extraction(
        run.tables.dataset,
        run.work,
        run.inputs.images,
        run.inputs.list_inputs(extractor),
        run.resolve_runtime(extractor),
        run.progress,
        run.engine,
        compress=run.runtime.compress,
        strict=run.runtime.strict,
        learned=learned,
        silent=count_silent(run.inputs.list_sounds(extractor)),
    )
