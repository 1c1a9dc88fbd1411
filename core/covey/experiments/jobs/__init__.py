"""Tasks in processes of their own, with records on disk: they outlive the page and the program that started them."""

from covey.experiments.jobs.export_experiment import command_words, to_toml
from covey.experiments.jobs.fetch_task import FetchTask
from covey.experiments.jobs.image_task import ImageTask
from covey.experiments.jobs.job import Job, list_jobs, start_job
from covey.experiments.jobs.progress_record import Stage
from covey.experiments.jobs.task import Task, read_task

__all__ = [
    "FetchTask",
    "ImageTask",
    "Job",
    "Stage",
    "Task",
    "command_words",
    "list_jobs",
    "read_task",
    "start_job",
    "to_toml",
]
