"""The short form of benchmarks that compare groups with labels: the demo with fewer recordings, and one seed."""

from __future__ import annotations

import sys
from pathlib import Path

from covey.sound.conversion import convert_recordings
from covey.sound.synthesis import synthesize

IS_SHORT = sys.argv[1:] == ["short"]
RECORDINGS = 80 if IS_SHORT else 304


def draw_demo(folder: Path) -> tuple[Path, Path]:
    """Make the dataset of `covey demo`; return it, and the path of its labels."""
    demo = folder / "demo"
    labels = synthesize(demo, RECORDINGS)
    convert_recordings(demo / "audio", demo)
    return demo, labels
