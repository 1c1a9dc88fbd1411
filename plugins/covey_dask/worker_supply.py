"""Where Dask workers come from: this machine, a scheduler that runs already, or a queue of jobs."""

from __future__ import annotations

import asyncio
import logging
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import dask
from distributed import Client, Nanny, Scheduler, Security, SpecCluster
from distributed.core import Status

from covey import CoveyError
from covey.authoring import make_folder, reason, user_data_folder

if TYPE_CHECKING:
    from covey_dask import Dask

_STARTS = 3
"""So many failures in a row to start workers, while there is none, are no accident."""
_CONNECT_S = 10
"""Seconds after which a scheduler that does not answer is none."""
_GRACE = 0.1
"""Share of the walltime before whose end a worker ends by itself, so that it is not killed at work."""
_CONFIG = {
    "distributed.scheduler.allowed-failures": 0,  # covey itself counts which images end workers
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.worker.profile.enabled": False,  # which takes processor time a hundred times a second
    "distributed.admin.tick.interval": "500ms",  # likewise, fifty times
}
_LOGGERS = ("distributed", "asyncio", "tornado.application")
_NO_PAGE = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}
"""Settings of a scheduler without web pages, which anybody on the machine could read."""


@attrs.define(eq=False)
class WorkerSupply:
    """Dask workers, and the connection to their scheduler.

    Attributes:
        client: the connection.
        cluster: what starts workers and replaces lost ones; None if that is not covey's business.
        size: how many workers there are to be.
        hint: where a person can look if none comes.
    """

    client: Client
    hint: str
    cluster: SpecCluster | None = None
    size: int = 0
    _refill: Future[None] | None = None
    _failures: int = 0

    @property
    def is_own(self) -> bool:
        """Whether the workers are there for this run alone."""
        return self.cluster is not None

    def list_addresses(self) -> set[str]:
        """Return the addresses of the workers that are there; lost ones are replaced.

        Raises:
            CoveyError: the scheduler is gone.
        """
        try:
            addresses = set(self.client.nthreads())
        except (OSError, TimeoutError) as error:
            raise CoveyError(
                f"The Dask scheduler is gone ({reason(error)}): start it and this run again. What is finished is kept."
            ) from error
        if self.cluster and len(addresses) < self.size:
            self._replace_lost(self.cluster, bool(addresses))
        return addresses

    def _replace_lost(self, cluster: SpecCluster, has_workers: bool) -> None:
        """Start the workers that a cluster lacks, unless that is under way."""
        if self._refill and not self._refill.done():
            return
        error = self._refill.exception() if self._refill else None
        self._failures = self._failures + 1 if error else 0
        if error and self._failures >= _STARTS and not has_workers:
            raise CoveyError(f"No worker can be started ({reason(error)}): {self.hint}. What is finished is kept.")
        self._refill = asyncio.run_coroutine_threadsafe(_start_missing(cluster), cluster.loop.asyncio_loop)


@contextmanager
def open_supply(engine: Dask) -> Iterator[WorkerSupply]:
    """Connect to workers, or have them started; those that were started end with the block.

    Raises:
        CoveyError: there is no scheduler, or no worker can be started.
    """
    with dask.config.set(_CONFIG), _silent_logs():
        if engine.cluster == "scheduler":
            with _connect(engine.address) as client:
                yield WorkerSupply(client, f"start one with: dask worker {engine.address}")
        elif engine.cluster == "local":
            with close_after(_start_local(engine)) as cluster, Client(cluster, set_as_default=False) as client:
                yield WorkerSupply(client, "see whether memory is full", cluster, engine.workers)
        else:
            logs = make_folder(user_data_folder() / "dask")
            with (
                close_after(_start_jobs(engine, logs)) as cluster,
                Client(cluster, set_as_default=False) as client,
            ):
                hint = f"look whether jobs wait in the queue of {engine.cluster}, and at their output in {logs}"
                yield WorkerSupply(client, hint, cluster, engine.workers)


@contextmanager
def close_after(cluster: SpecCluster) -> Iterator[SpecCluster]:
    """Close a cluster after the block. Killed workers that a busy machine buries too late for Dask are no error."""
    try:
        yield cluster
    finally:
        with suppress(TimeoutError):
            cluster.close()


@contextmanager
def _silent_logs() -> Iterator[None]:
    """Let Dask log nothing about workers that end: covey tells what matters."""
    levels = {logger: logger.level for logger in map(logging.getLogger, _LOGGERS)}
    for logger in levels:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in levels.items():
            logger.setLevel(level)


def _connect(address: str) -> Client:
    file = {"scheduler_file": address} if address.endswith(".json") else {"address": address}
    if "scheduler_file" in file and not Path(address).is_file():
        raise CoveyError(f"There is no file {address}: start a scheduler, dask scheduler --scheduler-file {address}.")
    try:
        return Client(**file, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise CoveyError(
            f"No Dask scheduler answers at {address} ({reason(error)}): start one, or correct the option address."
        ) from error


def _start_local(engine: Dask) -> SpecCluster:
    """Start processes of this machine, to which nobody else can connect."""
    security = Security.temporary()
    shared = {"host": "127.0.0.1", "protocol": "tls://", "security": security}
    workers = {
        number: {
            "cls": Nanny,
            "options": {
                **shared,
                "nthreads": 1,
                "memory_limit": 0,
                "silence_logs": logging.CRITICAL,
                "env": {"CUDA_VISIBLE_DEVICES": str(number)} if engine.gpu else {},
            },
        }
        for number in range(engine.workers)
    }
    scheduler = {"cls": Scheduler, "options": {**shared, **_NO_PAGE, "port": 0}}
    try:
        cluster = SpecCluster({}, scheduler, security=security, silence_logs=logging.CRITICAL)
    except (OSError, RuntimeError) as error:
        raise CoveyError(f"Dask cannot be started: {reason(error)}.") from error
    cluster.loop.asyncio_loop.call_soon_threadsafe(_block_interrupts)
    cluster.worker_spec.update(workers)  # they start while others compute already
    return cluster


def _block_interrupts() -> None:
    """Keep from processes that this thread starts the interrupt that the terminal sends to all: the driver ends them.

    They inherit what is blocked, and so are safe from their first moment, before any code of theirs runs.
    """
    if sys.platform != "win32":
        resource_tracker.ensure_running()  # else the first process starts it, and then no signal is blocked any more
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _start_jobs(engine: Dask, logs: Path) -> SpecCluster:
    """Put jobs into a queue, of which each becomes a worker when it starts."""
    import dask_jobqueue

    cluster_class = {
        "slurm": dask_jobqueue.SLURMCluster,
        "pbs": dask_jobqueue.PBSCluster,
        "sge": dask_jobqueue.SGECluster,
        "lsf": dask_jobqueue.LSFCluster,
        "htcondor": dask_jobqueue.HTCondorCluster,
        "oar": dask_jobqueue.OARCluster,
        "moab": dask_jobqueue.MoabCluster,
    }[engine.cluster]
    command = cluster_class.job_cls.submit_command.split()[0]
    if shutil.which(command) is None:
        raise CoveyError(
            f"{command} is not on this machine: start the run where jobs are submitted, or choose another cluster."
        )
    try:
        cluster = cluster_class(
            security=True,
            shared_temp_directory=str(logs),
            silence_logs=logging.CRITICAL,
            scheduler_options={**_configured(engine, "scheduler-options", {}), **_NO_PAGE},
            **_describe_job(engine, logs),
        )
    except (OSError, RuntimeError, ValueError) as error:
        raise CoveyError(f"{engine.cluster} cannot be used: {reason(error)}.") from error
    try:
        cluster.sync(_start_missing, cluster, engine.workers)
    except (OSError, RuntimeError, ValueError) as error:
        with suppress(Exception):
            cluster.close()
        raise CoveyError(f"{engine.cluster} refused the jobs: {' '.join(str(error).split())}") from error
    return cluster


async def _start_missing(cluster: SpecCluster, size: int = 0) -> None:
    """Start the workers that a cluster lacks: at first `size` of them, later those that were lost or did not start."""
    for name in [name for name, worker in cluster.workers.items() if worker.status is Status.failed]:
        del cluster.workers[name]
    while len(cluster.worker_spec) < size:
        cluster.worker_spec.update(cluster.new_worker_spec())
    await cluster


def _describe_job(engine: Dask, logs: Path) -> dict[str, Any]:
    """Return what dask-jobqueue takes for one job; what is not here comes from its own file, jobqueue.yaml."""
    grace_s = engine.walltime_s * _GRACE
    lifetime = ["--lifetime", f"{engine.walltime_s - grace_s:.0f}s", "--lifetime-stagger", f"{grace_s / 2:.0f}s"]
    settings: dict[str, Any] = {
        "cores": engine.cores,
        "processes": 1,
        "memory": engine.memory,
        "log_directory": _configured(engine, "log-directory", str(logs)),
        "worker_extra_args": [*_configured(engine, "worker-extra-args", []), *lifetime],
    }
    if engine.gpu:
        settings["job_extra_directives"] = [*_configured(engine, "job-extra-directives", []), "--gres=gpu:1"]
    if engine.cluster == "htcondor":  # whose jobs have neither queues nor a limit of time
        return {**settings, "disk": _configured(engine, "disk", "1GB")}
    return {**settings, "walltime": engine.walltime, **({"queue": engine.queue} if engine.queue else {})}


def _configured(engine: Dask, setting: str, default: Any) -> Any:
    """Return a setting of jobqueue.yaml."""
    settings: Mapping[str, Any] = dask.config.get(f"jobqueue.{engine.cluster}", {})
    return settings.get(setting) or default
