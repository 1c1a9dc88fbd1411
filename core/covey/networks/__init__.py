"""Torch networks as feature extractors: tapping layers, reading weights, preparing pixels, pooling.

Importing this package imports torch, so plugins do so inside the method that needs it.
"""

from covey.networks.extractor import extractor
from covey.networks.network import Forward, Network, shapes_of
from covey.networks.pooling import Pooling, as_maps, pool
from covey.networks.preprocessing import Preprocessing, fit
from covey.networks.weights import put_weights, read_weights, seeded

__all__ = [
    "Forward",
    "Network",
    "Pooling",
    "Preprocessing",
    "as_maps",
    "extractor",
    "fit",
    "pool",
    "put_weights",
    "read_weights",
    "seeded",
    "shapes_of",
]
