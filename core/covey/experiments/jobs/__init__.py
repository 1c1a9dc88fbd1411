"""Runs in processes of their own, with records on disk: they outlive the page and the program that started them."""

from covey.experiments.jobs.export_experiment import command_words, to_toml
from covey.experiments.jobs.job import Job, list_jobs, start_job
from covey.experiments.jobs.progress_record import Stage

__all__ = ["Job", "Stage", "command_words", "list_jobs", "start_job", "to_toml"]
