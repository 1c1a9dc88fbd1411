"""The labels that people gave to the images of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from covey.frontend import NOISE, LabelClass


@attrs.frozen(kw_only=True, eq=False)
class ImageLabels:
    """The `classes` of a dataset, those of each image, and as numbers: `codes` (n,) int32, places in `kinds` or -1.

    A kind is the classes that one image or more have together.
    """

    classes: Sequence[LabelClass]
    by_image: Mapping[str, tuple[str, ...]]
    codes: NDArray[np.int32]
    kinds: Sequence[tuple[str, ...]]

    @classmethod
    def of(
        cls, names: Sequence[str], classes: Sequence[LabelClass], by_image: Mapping[str, tuple[str, ...]]
    ) -> ImageLabels:
        """Look the images of a table up."""
        places: dict[tuple[str, ...], int] = {}
        codes = np.full(len(names), NOISE, dtype=np.int32)
        for row, name in enumerate(names if by_image else ()):
            if kind := by_image.get(name):
                codes[row] = places.setdefault(kind, len(places))
        return cls(classes=classes, by_image=by_image, codes=codes, kinds=list(places))

    @property
    def told(self) -> list[str]:
        """What each kind is called."""
        return [", ".join(kind) for kind in self.kinds]
