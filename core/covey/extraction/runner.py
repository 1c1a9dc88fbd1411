"""From images to features: decoded in threads, one batch after another through the network, each kept when it is done.

Layers whose batches are the same go through the network together. What an interrupted run finished is not done again,
nor are the rows of unchanged images that earlier features hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

import attrs

from covey._base.errors import CoveyError
from covey._base.progress import Progress
from covey._base.text import count_noun
from covey.components import options
from covey.components.contracts import FeatureExtractor, Runtime
from covey.components.versions import package_versions
from covey.data.dataset import Dataset
from covey.data.images import ImageFile, ImageFolder, key_of
from covey.data.provenance import Details, Provenance, ReusedRows
from covey.data.tables import as_names
from covey.extraction import finished_rows as rows
from covey.extraction import notes as checks
from covey.extraction.decoded_batches import decode_batches
from covey.extraction.finished_rows import Earlier, Rows
from covey.extraction.in_work import FILE as IN_WORK
from covey.extraction.in_work import InWork
from covey.extraction.memory import ORDINARY, images_at_once
from covey.extraction.runtime import BATCH_SIZE, describe_machine
from covey.extraction.shard_builder import NOT_FINITE, ShardBuilder, is_large
from covey.extraction.shards import Batch, Content, Plan, Shards, shards_of

LEAST = 32
"""Images that are kept together: a file for each handful would cost more time than an interruption."""


@attrs.frozen(eq=False)
class _Job:
    """The work on one layer."""

    part: FeatureExtractor
    made: Provenance
    shards: Shards
    plan: Plan
    finished: frozenset[Batch]
    earlier: Earlier | None


@attrs.frozen
class Extraction:
    """Where features come from and where they go: `work` is a folder for what is unfinished."""

    dataset: Dataset
    work: Path
    folder: ImageFolder
    files: Sequence[ImageFile]
    runtime: Runtime
    progress: Progress
    compress: bool = False
    strict: bool = False

    def extract(self, parts: Sequence[FeatureExtractor]) -> None:
        """Keep the features that each part of an extractor gives in the dataset, a row for every image of `files`.

        As many images as `runtime.batch_size` says go through the network at once, fewer where they are large, so
        that a row depends on its image alone. An interrupted run, started again, keeps the settings of its first start
        and ends in the same table as one that was not interrupted. An image that cannot be used is left out.

        Raises:
            CoveyError: no image can be used, the extractor breaks its contract, or a file cannot be read or written.
        """
        rows.remember_contents(self.work, self.files)
        jobs = [self._job(part) for part in parts]
        groups: dict[Plan, list[_Job]] = {}
        for job in jobs:
            groups.setdefault(job.plan, []).append(job)
        for group in groups.values():
            self._compute(group)
        for job in jobs:
            self._finish(job)

    def _job(self, part: FeatureExtractor) -> _Job:
        origin = Provenance.of(part, key_of(self.files))
        shards = shards_of(self.work, origin)
        images = self._images()
        earlier = rows.find_earlier_rows(self.work, self.dataset, origin, images)
        pending = {content: file for content, file in images.items() if earlier is None or content not in earlier.names}
        plan, finished = _planned(shards, pending, Plan(self.runtime, (), origin.tag))
        job = _Job(part, origin, shards, plan, finished, earlier)
        for sentence in _state(job, self.runtime):
            self.progress.note(sentence)
        return job

    def _compute(self, jobs: Sequence[_Job]) -> None:
        """Do what is left of a plan that all these layers have."""
        plan, images = jobs[0].plan, self._images()
        batches = [batch for batch in plan.batches if not all(batch in job.finished for job in jobs)]
        if not batches:
            return
        extractor = options.join_plural([job.part for job in jobs])
        in_work = InWork(self.work / IN_WORK, extractor.tag)
        dangerous = self._dangerous_images(in_work, images)
        with self.progress.step("Extracting features", sum(map(len, batches)), "image") as step:
            step.say("compiling" if plan.runtime.compile else extractor.startup_message)
            builder = ShardBuilder(
                extract=extractor.load(plan.runtime),
                batch_size=plan.runtime.batch_size or BATCH_SIZE,
                layers=len(jobs),
                machine=describe_machine(extractor, plan.runtime),
                in_work=in_work,
            )
            usable = [[images[content] for content in batch if content not in dangerous] for batch in batches]
            decoded = decode_batches(self.folder, plan.runtime.workers, usable)
            for batch, files, pictures in zip(batches, usable, decoded, strict=True):
                problems = {content: dangerous[content] for content in batch if content in dangerous}
                names = [file.identity for file in files]
                shards = builder.build({**dict(zip(names, pictures, strict=True)), **problems})
                for job, shard in zip(jobs, shards, strict=True):
                    if batch not in job.finished:
                        job.shards.add(batch, shard)
                step.say("")
                step.advance(len(batch))
        in_work.finish()

    def _dangerous_images(self, in_work: InWork, images: Mapping[Content, ImageFile]) -> dict[Content, str]:
        """Return why images that ended the process are left out."""
        large = frozenset(content for content, file in images.items() if is_large(file.height, file.width))
        return {
            content: f"the program ended while it was in work, probably for want of memory ({images[content].width:,} x"
            f" {images[content].height:,} pixels): cut it into shorter images or make it smaller, or delete"
            f" {in_work.path} to try it again"
            for content in in_work.blame(large)
            if content in images
        }

    def _finish(self, job: _Job) -> None:
        """Make one table of all rows."""
        finished = Rows(job.shards, job.plan, rows.load_earlier_rows(self.dataset, job.earlier))
        files = [file for file in self.files if file.identity in finished]
        bad = [file for file in self.files if file.identity not in finished]
        broken = {file.name: file.problem or finished.problems[file.identity] for file in bad}
        if problem := self._problem(job, finished, broken):
            job.shards.clear()
            raise CoveyError(problem)
        machines = self._machines(job, finished)
        contents = [file.identity for file in files]
        oddities = {**rows.find_earlier_oddities(job.earlier), **finished.oddities}
        details = Details(
            broken=broken,
            copies=checks.find_copies(files),
            odd={file.name: oddities[file.identity] for file in files if file.identity in oddities},
            scaled=checks.count_ranges(files),
            sizes=checks.count_sizes(files),
            constant=rows.count_constant_columns(finished.blocks(contents)) if len(files) > 1 else 0,
            earlier=_reused_rows(job.earlier),
            runtime=job.plan.runtime,
            machines=machines,
            versions=package_versions(job.part),
        )
        origin = attrs.evolve(job.made, details=details)
        self.dataset.save_features(
            as_names([file.name for file in files]), finished.blocks(contents), origin, self.compress
        )

    def _machines(self, job: _Job, rows: Rows) -> tuple[str, ...]:
        """Return what computed the rows. Raises CoveyError when that must be one machine and is not."""
        source = job.earlier.entry.provenance if job.earlier else None
        machines = tuple(dict.fromkeys([*(source.details.machines if source else ()), *rows.machines]))
        if len(machines) > 1 and self.strict:
            raise CoveyError(
                f"The features of {job.made.tag} would come from different machines or library versions"
                f" ({'; '.join(machines)}): leave out strict, or delete {job.shards.folder} and its earlier table."
            )
        return machines

    def _problem(self, job: _Job, finished: Rows, broken: Mapping[str, str]) -> str:
        """Return why there can be no table, or ""."""
        if len(finished.widths) > 1:
            names = {file.identity: file.name for file in self.files}
            widths = [
                f"{width} for {names.get(content, 'one that is gone')}" for width, content in finished.widths.items()
            ]
            return f"{job.made.tag} gives a different number of features for different images: {', '.join(widths)}."
        if len(broken) == len(self.files):
            name, why = next(iter(broken.items()))
            hint = " If the weights come from a file, see whether they are." if why == NOT_FINITE else ""
            return (
                f"None of the {len(broken)} images in {self.folder.root} can be used; the first, {name}: {why}.{hint}"
            )
        return ""

    def _images(self) -> dict[Content, ImageFile]:
        """Return one file for every content."""
        return {file.identity: file for file in self.files if not file.problem}


def _planned(shards: Shards, pending: Mapping[Content, ImageFile], new: Plan) -> tuple[Plan, frozenset[Batch]]:
    """Return the plan to follow and its finished batches.

    It is that of an interrupted run, cut anew after what is finished where other images are left than were then; `new`
    where there is none, or nothing was finished under its settings.
    """
    plan = shards.plan()
    finished = [batch for batch in plan.batches if shards.finished(batch)] if plan else []
    if plan is None or (not finished and plan.runtime != new.runtime):
        shards.clear()
        plan = new
    done = set(chain.from_iterable(finished))
    todo = [file for content, file in pending.items() if content not in done]
    if set(chain.from_iterable(plan.batches)) - done != {file.identity for file in todo}:
        plan = attrs.evolve(plan, batches=(*finished, *_batches(todo, plan.runtime.batch_size or BATCH_SIZE)))
        shards.begin(plan)
    return plan, frozenset(finished)


def _state(job: _Job, runtime: Runtime) -> Iterator[str]:
    """Yield what a person should know before a layer is computed."""
    if job.finished:
        done, total = (sum(map(len, batches)) for batches in (job.finished, job.plan.batches))
        yield f"{job.made.tag}: going on where an earlier run stopped, {done:,} of {total:,} images are done."
    if job.plan.runtime != runtime:
        values = options.option_values(job.plan.runtime).items()
        settings = ", ".join(f"{name}={setting}" for name, setting in values if setting not in (None, False))
        yield (
            f"{job.made.tag} keeps the settings of that run ({settings}); to choose others, delete {job.shards.folder}."
        )
    if job.earlier:
        yield f"{job.made.tag}: the features of {count_noun(len(job.earlier.names), 'unchanged image')} stay."


def _batches(files: Sequence[ImageFile], size: int) -> Iterator[Batch]:
    """Yield batches of images of one size, in order: a multiple of what goes through an extractor at once.

    They hold `LEAST` images or more; fewer where images are large.
    """
    groups: dict[tuple[int, int], list[Content]] = {}
    for file in files:
        groups.setdefault((file.height, file.width), []).append(file.identity)
    for (height, width), contents in groups.items():
        at_once = images_at_once(size, height, width)
        least = min(LEAST, LEAST * ORDINARY // max(1, height * width))
        step = at_once * max(1, -(-least // at_once))
        yield from (tuple(contents[start : start + step]) for start in range(0, len(contents), step))


def _reused_rows(earlier: Earlier | None) -> ReusedRows | None:
    if earlier is None or earlier.entry.provenance is None:
        return None
    return ReusedRows(key=earlier.entry.provenance.key, rows=len(earlier.names))
