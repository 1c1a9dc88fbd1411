"""covey turns recordings, or spectrogram images, into groups of sounds that a person can look at, name and keep.

Example:
    >>> import covey
    >>> results = covey.run("birds/")  # a folder with images
    >>> birds = covey.open("birds/")
    >>> clustering = birds.load(results.clusterings[0])
    >>> clustering.names, clustering.labels  # which image is in which group; -1 is noise
    >>> birds.labels.add(["call_03.png"], "wren")  # name a group, or some of its images

For notebooks there are `open`, `run`, `frame`, `draw_map` and `contact_sheet`. A plugin is a class made with
`component` and `option` that inherits from `FeatureExtractor`, `Reducer`, `Clusterer` or `Storage`, offered by a
function with `hookimpl`; `covey plugins new` writes one. More for authors is in `covey.authoring`, torch networks in
`covey.extraction.networks`, checks in `covey.testing`, and what a front end needs in `covey.frontend`.
"""

from covey._base.errors import CoveyError
from covey._version import API, __version__
from covey.api import contact_sheet, draw_map, frame, open, run
from covey.components.contracts import (
    Clusterer,
    Extract,
    ExtractSound,
    ExtractSoundWithExtras,
    ExtractWithExtras,
    FeatureExtractor,
    Floats,
    Labels,
    Pixels,
    Prepared,
    Reducer,
    Runtime,
    Storage,
)
from covey.components.extras import ExtraColumn, Extracted
from covey.components.fitting import Epoch, State, TrainingClip, TrainingClips
from covey.components.options import component, option
from covey.data.dataset import Dataset
from covey.data.tables import Clustering, Embedding, Extra, Features
from covey.plugins.hooks import hookimpl

__all__ = [
    "API",
    "Clusterer",
    "Clustering",
    "CoveyError",
    "Dataset",
    "Embedding",
    "Epoch",
    "Extra",
    "ExtraColumn",
    "Extract",
    "ExtractSound",
    "ExtractSoundWithExtras",
    "ExtractWithExtras",
    "Extracted",
    "FeatureExtractor",
    "Features",
    "Floats",
    "Labels",
    "Pixels",
    "Prepared",
    "Reducer",
    "Runtime",
    "State",
    "Storage",
    "TrainingClip",
    "TrainingClips",
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
