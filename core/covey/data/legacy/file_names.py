"""What the name of a file says of its origin: all there is to know of the files of the original tools."""

from __future__ import annotations

import re

import attrs

from covey._base.text import count_noun
from covey.components.kinds import Kind

METADATA_FILE = "downloaded_data_meta.pkl"
LABELS_FILE = "clustering_based_labels.csv"
PARAMETERS_FILE = "_feature_extraction_parameters.json"
"""How the images were made, beside them."""
IMAGE_FOLDERS = ("xc_spectrograms/xc_spectrograms", "xc_spectrograms")
"""Where images lie in a dataset of the original tools, relative to the dataset."""
DOWNLOADED_RECORDINGS, CONVERTED_RECORDINGS = "downloaded_data_orig", "downloaded_data_wav_"
"""Where recordings lie in a project of the original tools: as they came, and converted (the rate follows)."""
UPLOADED_IMAGES = ("xc_spectrograms.zip", "xc_spectrograms/")
"""The archive of a published dataset, and the folder inside it."""
TABLE_PREFIXES = {Kind.EXTRACTOR: "full_features_", Kind.REDUCER: "dimred_", Kind.CLUSTERER: "clusters_"}
"""How the names of tables begin; covey names its own clusterings alike."""
SIZES = (2, 4, 8)
"""The sizes of embeddings that the original's frontend offers; it preselects the last, and stops where one lacks."""
_NAME = re.compile(
    rf"(?:{TABLE_PREFIXES[Kind.EXTRACTOR]}"
    rf"|{TABLE_PREFIXES[Kind.REDUCER]}(?P<size>\d{{1,6}})_neigh_(?P<neighbors>\d{{1,6}})_)(?P<rest>.+)\.npz"
)
_MODELS = ("MobileNet_V3_Large", "MobileNet_randinit", "Vit_b_16", "MaxVit_T", "Swin_S")
"""The original's networks with `_` in their names; other names of networks end at the first `_`."""


@attrs.frozen(kw_only=True)
class LegacyOrigin:
    """The network, its layer ("" where the name has none), and how the features were reduced (None where not)."""

    model: str
    layer: str
    size: int | None
    neighbors: int | None

    @property
    def tag(self) -> str:
        """The network and its layer as they stand in the name."""
        return "_".join(filter(None, [self.model, self.layer]))

    def __str__(self) -> str:
        counts = (self.size, "dimension"), (self.neighbors, "neighbour")
        reduced = ", ".join(count_noun(count, noun) for count, noun in counts if count is not None)
        return f"{self.model} {self.layer}".strip() + (f" in {reduced}" if reduced else "")


def parse_file_name(name: str) -> LegacyOrigin | None:
    """Return what a file name says, if it is one of the original's: `dimred_8_neigh_10_vgg16_features.28.npz`."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    model, layer = _parted(match["rest"])
    size, neighbors = (None if match[part] is None else int(match[part]) for part in ("size", "neighbors"))
    return LegacyOrigin(model=model, layer=layer, size=size, neighbors=neighbors)


def describe_origin(name: str) -> str:
    """Return in words where a table of another program is from, as far as the name of its file tells."""
    origin = parse_file_name(name)
    return "made by another tool" + (f", by its name from {origin}" if origin else "")


def _parted(rest: str) -> tuple[str, str]:
    """Return network and layer. The original's auto-encoders are known by date and time, and have no layers."""
    if re.search(r"saec_\d+_\d+$", rest):
        return rest, ""
    model = next((model for model in _MODELS if rest.startswith(f"{model}_")), rest.partition("_")[0])
    return model, rest[len(model) + 1 :]
