"""The pictures of a report as PNG files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from covey._base.files import make_folder, replace_file
from covey._base.progress import SILENT, Progress
from covey.data.images import ImageFolder
from covey.outputs.profile_chart import draw_profiles
from covey.outputs.report.collect_report import Group, ReportContents
from covey.outputs.report.contact_sheets import draw_contact_sheet
from covey.outputs.report.map_picture import draw_map_picture


def write_pictures(contents: ReportContents, folder: Path, progress: Progress = SILENT) -> list[Path]:
    """Write the map, the profile and a contact sheet of each cluster as PNG files.

    Args:
        contents: the contents of the report.
        folder: where map.png, profile.png and cluster_0000.png, ... go; created if it does not exist.
        progress: reports each cluster.

    Returns:
        The files that were written.

    Raises:
        CoveyError: a file cannot be written.
    """
    make_folder(folder)
    paths: list[Path] = []
    if contents.map is not None:
        paths.append(_save(folder / "map.png", draw_map_picture(contents.map, contents.clustering.labels)))
    if contents.profile:
        paths.append(folder / "profile.png")
        with replace_file(paths[-1]) as file:
            file.write(draw_profiles([(contents.chosen.clustering, contents.profile)]))
    if contents.folder:
        paths += _write_contact_sheets(contents.folder, contents.groups, folder, progress)
    return paths


def _write_contact_sheets(images: ImageFolder, groups: Sequence[Group], folder: Path, progress: Progress) -> list[Path]:
    groups = [group for group in groups if group.typical]
    with progress.step("Writing pictures", len(groups), "cluster") as step:
        return [
            step.tick(
                _save(
                    folder / f"cluster_{group.cluster:04}.png",
                    draw_contact_sheet(images, [*group.typical, *group.odd]),
                )
            )
            for group in groups
        ]


def _save(path: Path, image: Image.Image) -> Path:
    with replace_file(path) as file:
        image.save(file, "PNG")
    return path
