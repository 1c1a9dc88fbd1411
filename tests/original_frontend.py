"""The steps that the frontend of the original tools takes on a folder, in own words."""

from __future__ import annotations

from pathlib import Path

import attrs
import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIZES = ["dimred_2", "dimred_4", "dimred_8"]
"""What the frontend offers; it preselects the third."""


@attrs.frozen
class OriginalFrontend:
    """The steps of the original's pages on a folder: list, group, choose, load, join, cluster, credits."""

    folder: Path

    @property
    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir() if ".npz" in path.name and "dimred_" in path.name)

    @property
    def models(self) -> list[str]:
        return sorted({"_".join(name.split("_")[4:]) for name in self.files})

    def sizes(self, model: str) -> list[str]:
        present = {"_".join(name.split("_")[:2]) for name in self.files if model in name}
        return [size for size in SIZES if size in present]

    def load(self, model: str, size: str) -> tuple[NDArray[np.str_], NDArray[np.float16], NDArray[np.float16]]:
        """Return names, rows and map in the order of the names; the page takes the first file that fits."""
        file_name = next(name for name in self.files if size in name and model in name)
        with np.load(self.folder / file_name, allow_pickle=True) as file:
            order = np.argsort(file["N"])
            rows, flat = (file[key].astype(np.float16)[order] for key in ("X_red", "X_2D"))
            return file["N"][order], rows, flat

    def open(self) -> NDArray[np.intp]:
        """Go through all pages as a person would who changes nothing; return the clusters of the joined sets."""
        first, *others = self.models
        names, rows, flat = self.load(first, self.sizes(first)[2])  # the page preselects the third size
        assert flat.shape == (len(names), 2)
        for model in others[:1]:
            names_beside, rows_beside, _ = self.load(model, self.sizes(first)[2])
            assert names_beside.tolist() == names.tolist()
            rows = np.concatenate([rows, rows_beside], axis=1)
        for name in names:
            with Image.open(self.folder / "xc_spectrograms" / "xc_spectrograms" / name) as image:
                image.load()
        import pandas
        from sklearn.cluster import DBSCAN

        frame = pandas.read_pickle(self.folder / "downloaded_data_meta.pkl")
        assert len(frame)
        for head in ("full_spec_name", "cnt", "length", "smp"):
            assert frame[head].value_counts().sum() == len(frame)
        labels: NDArray[np.intp] = DBSCAN(eps=0.4, min_samples=10).fit_predict(rows)
        return labels
