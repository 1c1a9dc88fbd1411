"""Torch networks as feature extractors: tap layers, read weights, prepare pixels, pool outputs.

Importing this package imports torch, so plugins do so inside the method that needs it.
"""

from covey.extraction.networks.forward import NetworkExtract, build_extract
from covey.extraction.networks.network import Forward, Network, shapes_of
from covey.extraction.networks.pooling import Pooling, as_maps, pool
from covey.extraction.networks.preprocessing import Preprocessing, fit_images
from covey.extraction.networks.weights import put_weights, read_weights, seeded

__all__ = [
    "Forward",
    "Network",
    "NetworkExtract",
    "Pooling",
    "Preprocessing",
    "as_maps",
    "build_extract",
    "fit_images",
    "pool",
    "put_weights",
    "read_weights",
    "seeded",
    "shapes_of",
]
