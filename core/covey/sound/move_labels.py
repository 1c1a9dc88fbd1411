"""Labels follow the images of recordings that were renamed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from covey._base.errors import CoveyError
from covey._base.text import count_noun, preview
from covey.data.segment_names import recordings_of_images
from covey.plugins.locations import open_dataset
from covey.plugins.registry import Registry
from covey.sound.conversion_report import ConversionReport


def move_labels(dataset: Path, report: ConversionReport) -> Iterator[str]:
    """Let labels follow the images of renamed recordings, and yield this and which labels are in doubt."""
    if not report.new_image_names and not report.replaced:
        return
    try:
        labels = open_dataset(Registry.installed(), str(dataset)).labels
        if action := labels.move(report.new_image_names):
            yield action.description
        replaced = {str(PurePosixPath(name).with_suffix("")) for name in report.replaced}
        unsure = [*labels.out_of_date(), *(row for row in labels.all_rows() if not row.content)]
        stubs = recordings_of_images(row.filename for row in unsure)
        if doubtful := sorted(name for name, stub in stubs.items() if stub in replaced):
            count = count_noun(len(doubtful), "image")
            yield f"{count} with labels that were given to the recording replaced since: {preview(doubtful)}"
    except CoveyError as error:
        yield f"Labels were neither moved nor checked: {error}"
