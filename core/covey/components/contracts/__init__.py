"""The contracts of components: what extractors, reducers, clusterers and storages must do."""

from covey.components.contracts.array_types import Floats, Labels, Pixels
from covey.components.contracts.clusterer_contract import Clusterer, Prepared, cluster, fill_options
from covey.components.contracts.component_contract import Component, is_installed
from covey.components.contracts.extractor_contract import (
    PIXELS,
    SOUND,
    Extract,
    ExtractSound,
    ExtractSoundWithExtras,
    ExtractWithExtras,
    FeatureExtractor,
)
from covey.components.contracts.missing_files import MissingFiles
from covey.components.contracts.reducer_contract import PlacingReducer, Reducer
from covey.components.contracts.runtime_settings import Runtime, RuntimeSetting
from covey.components.contracts.storage_contract import PublishOptions, Storage

__all__ = [
    "PIXELS",
    "SOUND",
    "Clusterer",
    "Component",
    "Extract",
    "ExtractSound",
    "ExtractSoundWithExtras",
    "ExtractWithExtras",
    "FeatureExtractor",
    "Floats",
    "Labels",
    "MissingFiles",
    "Pixels",
    "PlacingReducer",
    "Prepared",
    "PublishOptions",
    "Reducer",
    "Runtime",
    "RuntimeSetting",
    "Storage",
    "cluster",
    "fill_options",
    "is_installed",
]
