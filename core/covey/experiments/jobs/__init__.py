"""Runs in a process of their own, kept on disk: they outlive a page, and the program that started them."""

from covey.experiments.jobs.export_experiment import to_toml, words
from covey.experiments.jobs.job import Job, jobs, start
from covey.experiments.jobs.progress_record import Stage

__all__ = ["Job", "Stage", "jobs", "start", "to_toml", "words"]
