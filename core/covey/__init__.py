"""covey turns a folder of spectrogram images into groups that a person can look at, name and keep."""

from covey.components import Clusterer, FeatureExtractor, Prepared, Reducer, Runtime
from covey.errors import CoveyError
from covey.hooks import hookimpl
from covey.notebook import contact_sheet, draw_map, frame, open, run
from covey.options import component, option
from covey.storage import Dataset, Storage
from covey.tables import Clustering, Embedding, Features

__all__ = [
    "Clusterer",
    "Clustering",
    "CoveyError",
    "Dataset",
    "Embedding",
    "FeatureExtractor",
    "Features",
    "Prepared",
    "Reducer",
    "Runtime",
    "Storage",
    "component",
    "contact_sheet",
    "draw_map",
    "frame",
    "hookimpl",
    "open",
    "option",
    "run",
]
__version__ = "0.1.0"
