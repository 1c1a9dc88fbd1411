"""The pictures of a report as PNG files."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from covey._base.files import make_folder, replace_file
from covey._base.progress import SILENT, Progress
from covey.outputs.profile_chart import chart
from covey.outputs.report import contact_sheets as sheets
from covey.outputs.report import map_picture as maps
from covey.outputs.report.collect_report import ReportContents


def write(contents: ReportContents, folder: Path, progress: Progress = SILENT) -> list[Path]:
    """Write map.png, profile.png and cluster_0000.png, ... into a folder; return the files. Raises CoveyError."""
    make_folder(folder)
    written = []
    if contents.map is not None:
        written.append(_save(folder / "map.png", maps.draw(contents.map, contents.clustering.labels)))
    if contents.profile:
        with replace_file(folder / "profile.png") as file:
            file.write(chart([(contents.chosen.clustering, contents.profile)]))
        written.append(folder / "profile.png")
    drawn_groups = [group for group in contents.groups if group.typical] if contents.folder else []
    with progress.step("Writing pictures", len(drawn_groups), "cluster") as step:
        for group in drawn_groups:
            assert contents.folder is not None
            picture = sheets.sheet(contents.folder, [*group.typical, *group.odd])
            written.append(step.tick(_save(folder / f"cluster_{group.cluster:04}.png", picture)))
    return written


def _save(path: Path, image: Image.Image) -> Path:
    with replace_file(path) as file:
        image.save(file, "PNG")
    return path
