"""Extract features from images, or the sound behind them; each batch is written as soon as it is computed.

Layers and extra tables with equal plans go through the network together. Batches that an interrupted run finished, and
rows of unchanged images in earlier tables, are not computed again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path

import attrs

from covey._base.errors import CoveyError
from covey._base.progress import Progress, Step
from covey._base.text import count_noun
from covey.components import options
from covey.components.contracts import FeatureExtractor, Runtime
from covey.components.engine_contract import Engine
from covey.components.versions import package_versions
from covey.data.dataset import Dataset
from covey.data.images import ImageFolder
from covey.data.provenance import Details, Provenance, ReusedRows
from covey.data.tables import Extra, LearnedState, as_names
from covey.engines.local import Local
from covey.extraction.clip_sounds import ClipSound
from covey.extraction.decoded_batches import InputFile
from covey.extraction.extraction_speed import SpeedMeter
from covey.extraction.feature_work import FeatureBatch, FeatureWork
from covey.extraction.finished_rows import (
    EarlierRows,
    FinishedRows,
    count_constant_columns,
    find_earlier_oddities,
    find_earlier_rows,
    load_earlier_rows,
    remember_contents,
)
from covey.extraction.in_work import FILE as IN_WORK
from covey.extraction.in_work import InWork
from covey.extraction.lost_batches import compute_batches
from covey.extraction.memory import ORDINARY, images_at_once
from covey.extraction.notes import count_ranges, count_sizes, find_copies
from covey.extraction.runtime import BATCH_SIZE, describe_settings
from covey.extraction.shard_builder import NOT_FINITE, is_large
from covey.extraction.shards import Batch, Content, Plan, Shard, Shards, shards_of
from covey.extraction.work_origin import WorkOrigin

MOST_SIZES, MANY = 8, 256
"""Sizes of images for each of which a network is compiled, and images from which that pays: it took 0.2 s, and saved
0.4 to 0.8 ms an image with ResNet50 and EfficientNet-Lite0 on an AMD EPYC."""
LEAST, MOST, SHARDS = 32, 256, 200
"""Images in one shard: a file for every few images would cost more time than an interruption. Of many images so many
that there are about SHARDS, up to MOST: each shard takes a file, and the engine dask 10 to 20 ms of processor time,
measured by tests/benchmarks/engines.py."""


@attrs.frozen(eq=False)
class _TableJob:
    """The work on one table: a layer of an extractor, or an extra table.

    Attributes:
        part: the extractor with this layer alone; for an extra table with any layers.
        provenance: of the table to be made.
        shards: where its finished batches are.
        plan: its batches, and how they are computed.
        finished: batches whose shards can be read.
        earlier: an earlier table whose rows are taken over.
    """

    part: FeatureExtractor
    provenance: Provenance
    shards: Shards
    plan: Plan
    finished: frozenset[Batch]
    earlier: EarlierRows | None


@attrs.frozen
class Extraction:
    """Extracts features of the images of a dataset, and saves them in it.

    Attributes:
        dataset: where the tables go.
        work: folder for shards and other unfinished work.
        folder: where the images are.
        files: the images that the tables are of, or the sound behind them.
        runtime: how to compute, every setting resolved.
        progress: reports how far it is.
        engine: where batches are computed.
        compress: whether the tables are compressed.
        strict: whether rows computed by different machines are refused in one table.
        learned: what the extractor has learned, if it learns.
        silent: number of images without the sound that the extractor takes, by reason.
    """

    dataset: Dataset
    work: Path
    folder: ImageFolder
    files: Sequence[InputFile]
    runtime: Runtime
    progress: Progress
    engine: Engine = attrs.field(factory=Local)
    compress: bool = False
    strict: bool = False
    learned: LearnedState | None = None
    silent: Mapping[str, int] = attrs.field(factory=dict)

    def extract(self, parts: Sequence[FeatureExtractor], provenances: Sequence[Provenance]) -> None:
        """Compute features and extra tables and save each, with a row for every usable image.

        As many images as `runtime.batch_size` says go through the network at once, fewer where they are large, so
        that a row depends on its image alone. An interrupted run, started again, keeps the settings of its first start
        and gives the same table as one that was not interrupted. An image that cannot be used is left out.

        Args:
            parts: the extractor, once for each of its layers; for an extra table with any layer.
            provenances: of the tables to be made, one for each part.

        Raises:
            CoveyError: no image can be used, the extractor breaks its contract, or a file cannot be read or written.
        """
        remember_contents(self.work, self.files)
        jobs = [self._prepare(part, provenance) for part, provenance in zip(parts, provenances, strict=True)]
        groups: dict[Plan, list[_TableJob]] = {}
        for job in jobs:
            groups.setdefault(job.plan, []).append(job)
        for group in groups.values():
            self._compute_tables(group)
        for job in jobs:
            self._save_table(job)

    def _prepare(self, part: FeatureExtractor, planned: Provenance) -> _TableJob:
        provenance = attrs.evolve(planned, state=self.learned.provenance if self.learned else None)
        shards = shards_of(self.work, provenance)
        images = self._usable_images()
        earlier = find_earlier_rows(self.work, self.dataset, provenance, images)
        pending = {content: file for content, file in images.items() if earlier is None or content not in earlier.names}
        plan, finished = _choose_plan(shards, pending, Plan(self.runtime, (), provenance.tag))
        job = _TableJob(part, provenance, shards, plan, finished, earlier)
        for sentence in _describe_start(job, self.runtime):
            self.progress.note(sentence)
        return job

    def _compute_tables(self, jobs: Sequence[_TableJob]) -> None:
        """Compute the missing batches of layers and extra tables that have the same plan."""
        plan = jobs[0].plan
        batches = [batch for batch in plan.batches if not all(batch in job.finished for job in jobs)]
        if not batches:
            return
        layers = [job for job in jobs if not job.provenance.is_extra] or jobs[:1]
        extractor = options.join_plural([job.part for job in layers])
        speed = SpeedMeter()
        with self.progress.step("Extracting features", sum(map(len, batches)), "image") as step:
            step.say("compiling" if plan.runtime.compile else extractor.startup_message)
            with closing(self._build_shards(extractor, plan, len(layers), batches, step)) as outcomes:
                for number, (batch, shards) in enumerate(outcomes):
                    for job, shard in _assign_shards(jobs, extractor, shards):
                        if batch not in job.finished:
                            job.shards.add(batch, shard)
                    if number == 0:  # later, the engine tells of its workers
                        step.say("")
                    step.advance(len(batch))
                    speed.count(len(batch))
        speed.remember(extractor, plan.runtime, self.engine)

    def _build_shards(
        self, extractor: FeatureExtractor, plan: Plan, layers: int, batches: Sequence[Batch], step: Step
    ) -> Generator[tuple[Batch, list[Shard]], None, None]:
        """Yield each batch with its shards, one for each layer and then for each extra table."""
        in_work = InWork(self.work / IN_WORK, extractor.tag)
        images, copies = self._usable_images(), self._copies_by_content()
        deadly = self._deadly_images(in_work, images)
        sizes = _frequent_sizes(images[content] for batch in plan.batches for content in batch if content in images)

        def describe(batch: Batch) -> FeatureBatch:
            problems = {content: deadly[content] for content in batch if content in deadly}
            return FeatureBatch({content: copies[content] for content in batch if content not in problems}, problems)

        state = self.learned.arrays if self.learned else None
        origin = WorkOrigin.here(extractor, (copies[content][0] for content in chain.from_iterable(batches)))
        work = FeatureWork(extractor, plan.runtime, layers, self.folder, in_work, sizes, state, origin)
        yield from compute_batches(self.engine, work, batches, describe, step)
        in_work.finish()

    def _deadly_images(self, in_work: InWork, images: Mapping[Content, InputFile]) -> dict[Content, str]:
        """Return why images that ended the process are left out."""
        large = frozenset(content for content, file in images.items() if is_large(file.height, file.width))
        return {
            content: f"the program ended while it was in work, probably for want of memory"
            f" ({_describe_size(images[content])}): cut it into shorter images or make it smaller, or delete"
            f" {in_work.path} and this table of features to try it again"
            for content in in_work.blame(large)
            if content in images
        }

    def _save_table(self, job: _TableJob) -> None:
        """Save the finished rows of a layer or an extra table.

        Raises:
            CoveyError: no image gave features, or their numbers differ; the shards are then deleted.
        """
        earlier = load_earlier_rows(self.dataset, job.earlier)
        with closing(FinishedRows(job.shards, job.plan, earlier)) as finished:
            self._save_rows(job, finished)

    def _save_rows(self, job: _TableJob, finished: FinishedRows) -> None:
        files = [file for file in self.files if file.identity in finished]
        bad = [file for file in self.files if file.identity not in finished]
        broken = {file.name: file.problem or finished.problems[file.identity] for file in bad}
        if problem := self._find_problem(job, finished, broken):
            job.shards.clear()
            raise CoveyError(problem)
        machines = self._check_machines(job, finished)
        contents = [file.identity for file in files]
        oddities = {**find_earlier_oddities(job.earlier), **finished.oddities}
        details = Details(
            broken=broken,
            copies=find_copies(files),
            odd={file.name: oddities[file.identity] for file in files if file.identity in oddities},
            scaled=count_ranges(files),
            silent=self.silent,
            sizes=count_sizes(files),
            constant=self._count_constant(job, finished, contents),
            earlier=_describe_reuse(job.earlier),
            runtime=job.plan.runtime,
            machines=machines,
            versions=package_versions(job.part),
        )
        provenance = attrs.evolve(job.provenance, details=details)
        names = as_names([file.name for file in files])
        if provenance.is_extra:
            table = Extra(names=names, columns=finished.columns(contents), provenance=provenance)
            self.dataset.save([table], self.compress)
        else:
            self.dataset.save_features(names, finished.blocks(contents), provenance, self.compress)

    def _count_constant(self, job: _TableJob, finished: FinishedRows, contents: Sequence[Content]) -> int:
        is_counted = len(contents) > 1 and not job.provenance.is_extra
        return count_constant_columns(finished.blocks(contents)) if is_counted else 0

    def _check_machines(self, job: _TableJob, rows: FinishedRows) -> tuple[str, ...]:
        """Return what computed the rows.

        Raises:
            CoveyError: machines or library versions differ although the run is strict.
        """
        source = job.earlier.entry.provenance if job.earlier else None
        machines = tuple(dict.fromkeys([*(source.details.machines if source else ()), *rows.machines]))
        if len(machines) > 1 and self.strict:
            raise CoveyError(
                f"The features of {job.provenance.tag} would come from different machines or library versions"
                f" ({'; '.join(machines)}): leave out strict, or delete {job.shards.folder} and its earlier table."
            )
        return machines

    def _find_problem(self, job: _TableJob, finished: FinishedRows, broken: Mapping[str, str]) -> str:
        """Return why no table can be made of the rows, or ""."""
        if len(finished.widths) > 1:
            names = {file.identity: file.name for file in self.files}
            widths = [
                f"{width} for {names.get(content, 'one that is gone')}" for width, content in finished.widths.items()
            ]
            return (
                f"{job.provenance.tag} gives a different number of features for different images: {', '.join(widths)}."
            )
        if len(broken) == len(self.files):
            name, why = next(iter(broken.items()))
            hint = " If the weights come from a file, check that its numbers are finite." if why == NOT_FINITE else ""
            return (
                f"None of the {len(broken)} images in {self.folder.root} can be used; the first, {name}: {why}.{hint}"
            )
        return ""

    def _usable_images(self) -> dict[Content, InputFile]:
        """Return one file for each distinct image, without broken ones."""
        return {content: copies[0] for content, copies in self._copies_by_content().items()}

    def _copies_by_content(self) -> dict[Content, list[InputFile]]:
        """Return all files of each distinct image, without broken ones."""
        copies: dict[Content, list[InputFile]] = {}
        for file in self.files:
            if not file.problem:
                copies.setdefault(file.identity, []).append(file)
        return copies


def _assign_shards(
    jobs: Sequence[_TableJob], extractor: FeatureExtractor, shards: Sequence[Shard]
) -> Iterator[tuple[_TableJob, Shard]]:
    """Yield each job with its shard: the layers come in the order of their jobs, then all extra tables."""
    count = len(shards) - len(extractor.extras)
    extras = dict(zip(extractor.extras, shards[count:], strict=True))
    layers = iter(shards[:count])
    for job in jobs:
        yield job, extras[job.provenance.output] if job.provenance.is_extra else next(layers)


def _choose_plan(shards: Shards, pending: Mapping[Content, InputFile], new: Plan) -> tuple[Plan, frozenset[Batch]]:
    """Return the plan to follow and those of its batches that are finished.

    Args:
        shards: of the layer; the chosen plan is written there.
        pending: images that need features, by content.
        new: plan with the current settings, without batches. It is followed unless an interrupted run finished batches
            under its own settings; that run's plan then stays, with new batches for images that have changed since.
    """
    plan = shards.plan()
    finished = shards.finished(plan.batches) if plan else []
    if plan is None or (not finished and plan.runtime != new.runtime):
        shards.clear()
        plan = new
    finished_images = set(chain.from_iterable(finished))
    todo = [file for content, file in pending.items() if content not in finished_images]
    if set(chain.from_iterable(plan.batches)) - finished_images != {file.identity for file in todo}:
        plan = attrs.evolve(plan, batches=(*finished, *_cut_batches(todo, plan.runtime.batch_size or BATCH_SIZE)))
        shards.begin(plan)
    return plan, frozenset(finished)


def _describe_size(file: InputFile) -> str:
    if isinstance(file, ClipSound):
        return f"{file.seconds:g} s at {file.rate:,} Hz"
    return f"{file.width:,} x {file.height:,} pixels"


def _describe_start(job: _TableJob, runtime: Runtime) -> Iterator[str]:
    """Yield sentences on what a layer takes over from earlier runs."""
    if job.finished:
        done, total = (sum(map(len, batches)) for batches in (job.finished, job.plan.batches))
        yield f"{job.provenance.tag}: going on where an earlier run stopped, {done:,} of {total:,} images are done."
    if job.plan.runtime != runtime:
        settings = describe_settings(job.plan.runtime)
        yield (
            f"{job.provenance.tag} keeps the settings of that run ({settings}); to choose others, delete"
            f" {job.shards.folder}."
        )
    if job.earlier:
        yield f"{job.provenance.tag}: the features of {count_noun(len(job.earlier.names), 'unchanged image')} stay."


def _frequent_sizes(files: Iterable[InputFile]) -> tuple[tuple[int, int], ...]:
    """Return the sizes, height and width, that are worth a network compiled for them alone: few, of many images each.

    All batches of a plan count, finished or not, so that a run that goes on computes as it began.
    """
    counts = Counter((file.height, file.width) for file in files)
    return tuple(size for size, count in counts.most_common(MOST_SIZES) if count >= MANY)


def _cut_batches(files: Sequence[InputFile], size: int) -> Iterator[Batch]:
    """Yield batches, each of images of one size and in order.

    A batch is a multiple of the images that go through an extractor at once, and holds `LEAST` of them or more; fewer
    if they are large.
    """
    usual = min(MOST, max(LEAST, len(files) // SHARDS))
    groups: dict[tuple[int, int], list[Content]] = {}
    for file in files:
        groups.setdefault((file.height, file.width), []).append(file.identity)
    for (height, width), contents in groups.items():
        at_once = images_at_once(size, height, width)
        least = min(usual, usual * ORDINARY // max(1, height * width))
        step = at_once * max(1, -(-least // at_once))
        yield from (tuple(contents[start : start + step]) for start in range(0, len(contents), step))


def _describe_reuse(earlier: EarlierRows | None) -> ReusedRows | None:
    if earlier is None or earlier.entry.provenance is None:
        return None
    return ReusedRows(key=earlier.entry.provenance.key, rows=len(earlier.names))
