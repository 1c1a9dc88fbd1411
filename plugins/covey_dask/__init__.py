"""The engine `dask`: workers of this machine, of a Dask scheduler, or in the queue of a computing cluster."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable
from typing import TypeVar

from covey import CoveyError, component, hookimpl, option
from covey.authoring import Done, Engine, ItemQueue, Step, Work

T = TypeVar("T")
R = TypeVar("R")
LOCAL, SCHEDULER = "local", "scheduler"
QUEUES = ("slurm", "pbs", "sge", "lsf", "htcondor", "oar", "moab")
"""The systems with queues that dask-jobqueue knows."""
_WALLTIME = re.compile(r"(?:(\d+)-)?(\d+):([0-5]\d)(?::([0-5]\d))?")


@component
class Dask(Engine):
    """Dask workers, each with a model of its own: on this machine, on others, or as jobs in a queue (Rocklin 2015).

    A worker that ends costs only the images that it had in work, and is replaced.
    """

    name = "dask"
    requires = {"distributed": "covey[dask]", "dask_jobqueue": "covey[dask]", "cryptography": "covey[dask]"}
    references = (
        "Rocklin, M. (2015). Dask: parallel computation with blocked algorithms and task scheduling. Proceedings of "
        "the 14th Python in Science Conference, 126-132.",
    )
    startup_message = "starting workers"

    cluster: str = option(
        default=LOCAL,
        choices=(LOCAL, SCHEDULER, *QUEUES),
        help="Where workers come from: processes of this machine, a Dask scheduler that runs already, or jobs in the"
        " queue of a computing cluster.",
    )
    address: str = option(
        default="",
        when={"cluster": SCHEDULER},
        help="The scheduler, such as tcp://node01:8786, or the file that it wrote to a disk that all machines share.",
    )
    workers: int = option(
        default=2,
        ge=1,
        when={"cluster": (LOCAL, *QUEUES)},
        help="Workers at a time. More work at once, and each takes memory for a model.",
    )
    gpu: bool = option(
        default=False,
        when={"cluster": (LOCAL, "slurm")},
        help="Whether each worker has a GPU of its own; set device in [runtime] to cuda too.",
    )
    queue: str = option(
        default="", when={"cluster": QUEUES}, help="Queue (partition) of the jobs; none takes that of the system."
    )
    walltime: str = option(
        default="01:00:00",
        when={"cluster": QUEUES},
        help="How long a job may take, as hours:minutes:seconds. A worker ends shortly before and is replaced.",
    )
    memory: str = option(default="4GB", when={"cluster": QUEUES}, help="Memory of each worker.")
    cores: int = option(
        default=1,
        ge=1,
        when={"cluster": QUEUES},
        help="Cores of each worker; set threads in [runtime] to as many. More compute one image faster.",
    )
    patience: float = option(
        default=60.0, gt=0, help="Minutes to wait while there is no worker. Raising it suits a queue that is full."
    )

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if self.cluster == SCHEDULER and not self.address:
            raise CoveyError("dask: say which scheduler by the option address, such as tcp://node01:8786.")
        if not _WALLTIME.fullmatch(self.walltime):
            raise CoveyError(f"dask: walltime must look like 02:30:00, not {self.walltime!r}.")

    @property
    def walltime_s(self) -> int:
        """How long a job may take, in seconds."""
        match = _WALLTIME.fullmatch(self.walltime)
        days, hours, minutes, seconds = (int(number or 0) for number in match.groups()) if match else (0, 1, 0, 0)
        return ((days * 24 + hours) * 60 + minutes) * 60 + seconds

    def map(self, work: Work[T, R], items: ItemQueue[T], progress: Step) -> Generator[Done[R], None, None]:
        """Compute the items in workers, which end with this generator if it started them.

        Raises:
            CoveyError: no worker can be had or none is fit, or the scheduler is gone.
        """
        from covey_dask.dispatch import Dispatcher
        from covey_dask.worker_supply import open_supply

        with open_supply(self) as supply:
            yield from Dispatcher(supply, work, items, progress, self.patience * 60).run()


@hookimpl
def covey_engines() -> Iterable[type[Engine]]:
    """Offer Dask."""
    yield Dask
