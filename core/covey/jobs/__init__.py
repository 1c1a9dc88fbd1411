"""Runs in a process of their own, kept on disk: they outlive a page, and the program that started them."""

from covey.jobs.description import to_toml, words
from covey.jobs.job import Job, jobs, start
from covey.jobs.record import Stage

__all__ = ["Job", "Stage", "jobs", "start", "to_toml", "words"]
