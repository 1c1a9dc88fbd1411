"""All benchmarks in a short form, with their memory: `python -m tests.benchmarks [NAME ...]`

Each module says with `SHORT` which arguments make its short form, or with `NO_SHORT` why there is none, and with
`NEEDS` which folders it reads. It runs in a process of its own. Every printed line with numbers is a figure: its words
name it. A run adds one JSON line (commit, machine, figures) to benchmarks.jsonl in the user's data folder, and prints
what has changed since the last line of the same machine. Figures of a short form tell a change, and nothing else: those
in READMEs are made by the command beside them.
"""

from __future__ import annotations

import ast
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import attrs
import psutil

from covey.authoring import make_folder, user_data_folder

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).parent
LIMIT_S, POLL_S = 180.0, 0.05
PATIENCE = 10
"""How many times its seconds a benchmark may take by the clock: others may use the machine."""
NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\d,]*(?:\.\d+)?(?![\w.]*\w)")
LEAST_CHANGE = 0.1
"""Changes by less than this share are not printed."""
Figures = dict[str, list[float]]


@attrs.frozen(kw_only=True)
class Door:
    """What a benchmark declares for its short form."""

    name: str
    arguments: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    reason: str = ""
    """Why it has no short form."""

    @classmethod
    def read(cls, path: Path) -> Door:
        """Read what a module declares, without running it."""
        assigned = {
            node.targets[0].id: ast.literal_eval(node.value)
            for node in ast.parse(path.read_text("utf-8")).body
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and node.targets[0].id in ("SHORT", "NO_SHORT", "NEEDS")
        }
        return cls(
            name=path.stem,
            arguments=assigned.get("SHORT", ()),
            needs=assigned.get("NEEDS", ()),
            reason=assigned.get("NO_SHORT", ""),
        )

    def explain_skip(self) -> str:
        """Return why it is not run; "" if it is."""
        missing = [folder for folder in self.needs if not (ROOT / folder).exists()]
        return self.reason or (f"needs {', '.join(missing)}" if missing else "")


def main(*names: str) -> None:
    """Run the named benchmarks, or all; print and keep their figures."""
    doors = [Door.read(path) for path in sorted(FOLDER.glob("[!_]*.py"))]
    figures: Figures = {}
    for door in doors:
        if not names or door.name in names:
            print(f"\n== {door.name}", flush=True)
            figures.update(run(door))
    record = {"commit": read_commit(), "machine": describe_machine(), "at": now(), "figures": figures}
    kept = make_folder(user_data_folder()) / "benchmarks.jsonl"
    previous = read_last(kept, str(record["machine"]))
    with kept.open("a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")
    print(*describe_changes(previous, figures), f"\nKept in {kept}", sep="\n")


def run(door: Door) -> Figures:
    """Run one benchmark, and return its figures: none if it is skipped or fails, which is printed."""
    if reason := door.explain_skip():
        print(f"skipped: {reason}")
        return {}
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        command = [sys.executable, str(FOLDER / f"{door.name}.py"), *door.arguments]
        start = time.monotonic()
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, env=environment())
        peak_mb = watch(process)
        output.seek(0)
        text = output.read()
    print(text.strip())
    if process.returncode:
        print(f"failed, or took more than {LIMIT_S:.0f} s of a processor")
        return {}
    seconds = time.monotonic() - start
    print(f"{seconds:.0f} s, at most {peak_mb:,.0f} MB")
    return {**dict(read_figures(door.name, text)), f"{door.name}: peak, MB": [peak_mb]}


def environment() -> dict[str, str]:
    """Return the environment of a benchmark, which finds covey where this process has it."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])}


def watch(process: subprocess.Popen[bytes]) -> float:
    """Wait for a process, at most LIMIT_S; return the most memory that it and its children had together, in MB."""
    peak, end = 0, time.monotonic() + PATIENCE * LIMIT_S
    while process.poll() is None:
        peak = max(peak, measure_memory(process.pid))
        if measure_work(process.pid) > LIMIT_S or time.monotonic() > end:
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
            process.kill()
            process.wait()
        time.sleep(POLL_S)
    return peak / 1e6


def measure_work(pid: int) -> float:
    """Return the seconds of a processor that a process and its children have used; 0 if it has ended."""
    try:
        process = psutil.Process(pid)
        times = [part.cpu_times() for part in [process, *process.children(recursive=True)]]
    except psutil.Error:
        return 0
    return sum(part.user + part.system for part in times)


def measure_memory(pid: int) -> int:
    """Return the resident bytes of a process and its children together; 0 if it has ended."""
    try:
        process = psutil.Process(pid)
        return sum(part.memory_info().rss for part in [process, *process.children(recursive=True)])
    except psutil.Error:
        return 0


def read_figures(name: str, text: str) -> Iterator[tuple[str, list[float]]]:
    """Yield the numbers of each printed line by its words."""
    for line in text.splitlines():
        if numbers := [float(number.replace(",", "")) for number in NUMBER.findall(line)]:
            yield f"{name}: {' '.join(NUMBER.sub('#', line).split())}", numbers


def describe_changes(previous: Figures, figures: Figures) -> Iterator[str]:
    """Yield a line for each figure that is another one than before."""
    if not previous:
        yield "\nThere is no earlier run on this machine to compare with."
        return
    yield "\nChanged by a tenth or more since the last run on this machine:"
    for name, numbers in figures.items():
        pairs = list(zip(previous.get(name, []), numbers, strict=False))
        if any(abs(new - old) >= LEAST_CHANGE * abs(old) and new != old for old, new in pairs):
            shown = ", ".join(f"{old:,g} -> {new:,g}" if old != new else f"{new:,g}" for old, new in pairs)
            yield f"  {name.replace(' #', '')}: {shown}"


def read_last(path: Path, machine: str) -> Figures:
    """Return the figures of the last run on a machine, each as it was last measured; none if there was none."""
    figures: Figures = {}
    if path.is_file():
        for record in map(json.loads, path.read_text("utf-8").splitlines()):
            if record["machine"] == machine:
                figures.update(record["figures"])
    return figures


def read_commit() -> str:
    """Return the commit of covey, with "+" if files are changed; "" without git."""
    try:
        command = ["git", "describe", "--always", "--abbrev=12", "--dirty=+"]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def describe_machine() -> str:
    """Return what figures depend on: the system, the processor, its cores, the memory and Python."""
    memory_gb = psutil.virtual_memory().total / 1e9
    cores = psutil.cpu_count()
    return f"{platform.platform()}, {read_processor()}, {cores} cores, {memory_gb:.0f} GB, {platform.python_version()}"


def read_processor() -> str:
    """Return the name of the processor."""
    path = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.+)", path.read_text("utf-8")) if path.is_file() else []
    return names[0] if names else platform.processor() or platform.machine()


def now() -> str:
    """Return the time."""
    return datetime.now(UTC).isoformat(timespec="seconds")


if __name__ == "__main__":
    main(*sys.argv[1:])
