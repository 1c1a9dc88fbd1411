"""covey turns a folder of spectrogram images into groups that a person can look at, name and keep."""

from covey._base.errors import CoveyError
from covey._version import __version__
from covey.api import contact_sheet, draw_map, frame, open, run
from covey.components.contracts import (
    Clusterer,
    Extract,
    FeatureExtractor,
    Floats,
    Labels,
    Pixels,
    Prepared,
    Reducer,
    Runtime,
    Storage,
)
from covey.components.options import component, option
from covey.data.dataset import Dataset
from covey.data.tables import Clustering, Embedding, Features
from covey.plugins.hooks import hookimpl

__all__ = [
    "Clusterer",
    "Clustering",
    "CoveyError",
    "Dataset",
    "Embedding",
    "Extract",
    "FeatureExtractor",
    "Features",
    "Floats",
    "Labels",
    "Pixels",
    "Prepared",
    "Reducer",
    "Runtime",
    "Storage",
    "__version__",
    "component",
    "contact_sheet",
    "draw_map",
    "frame",
    "hookimpl",
    "open",
    "option",
    "run",
]
