"""The contract of reducers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence

from covey._base.errors import CoveyError
from covey.components.contracts.array_types import Floats
from covey.components.contracts.component_contract import Component, describe_changes
from covey.components.options import component, option


@component
class Reducer(Component):
    """Places each image in a space of few dimensions."""

    sizes: tuple[int, ...] = option(
        default=(8,),
        ge=1,
        plural=True,
        title="Numbers for each image",
        help="Dimensions to reduce to; each size is a result of its own. More dimensions keep more detail.",
    )

    @property
    def tag(self) -> str:
        """Name, followed by each option that differs from its default; the number of neighbours stands before it."""
        return describe_changes(self, "neighbors")

    @abstractmethod
    def reduce(self, X: Floats, sizes: Sequence[int]) -> Iterable[Floats]:
        """Reduce features to each of several sizes, and compute what they share only once.

        The result for one size must not depend on the other sizes. A generator lets the progress bar advance. covey
        also requests size 2, for the map.

        Args:
            X: features (n, d) float32, n >= 1.
            sizes: numbers of dimensions.

        Returns:
            One array (n, size) float32 for each of `sizes`, in their order, its rows in the order of X.

        Raises:
            CoveyError: there are too few images or features, or a feature is not finite.
        """

    def check_features(self, X: Floats) -> None:
        """Check that features (n, d) hold neither NaN nor infinity.

        Raises:
            CoveyError: a feature is not finite.
        """
        self.check_finite(X, "features", "extract")

    def check_new(self, X: Floats, X_new: Floats) -> None:
        """Check that features X_new (m, d) can be placed among features X (n, d).

        Raises:
            CoveyError: they differ in width, or a feature is not finite.
        """
        if X.shape[1] != X_new.shape[1]:
            raise CoveyError(f"{self.name}: new images need {X.shape[1]} features, not {X_new.shape[1]}.")
        for rows in (X, X_new):
            self.check_features(rows)

    def transform(self, X: Floats, Z: Floats, X_new: Floats) -> Floats | None:
        """Place new images in an existing embedding, from the tables alone: no fitted model is stored.

        A row that is also in X is placed where X has it, up to rounding.

        Args:
            X: features (n, d) float32 of the images in the embedding.
            Z: the embedding (n, k) float32 that `reduce` made of X.
            X_new: features (m, d) float32 of the new images.

        Returns:
            Places (m, k) float32; None if the reducer cannot place new images.

        Raises:
            CoveyError: the new features have another width, or are not finite.
        """
        return None


@component
class PlacingReducer(Reducer):
    """A reducer that also places images in an embedding of others, so that it can be computed from a sample."""

    sample: int = option(
        default=0,
        ge=0,
        absent=0,
        expert=True,
        help="Images from which the embedding is computed, spread over all recordings; the others are placed among"
        " them. 0 takes all, but 200,000 of more than 500,000. Raising it keeps smaller groups and takes longer.",
    )

    @abstractmethod
    def prepare_transform(self, X: Floats, embeddings: Sequence[Floats]) -> Callable[[Floats], Sequence[Floats]]:
        """Return the function that places new images, after what all of them share is done once.

        A row that is also in X is placed where X has it, up to rounding, or near it if neighbours are approximate.

        Args:
            X: features (n, d) float32 of the images in the embeddings.
            embeddings: what `reduce` made of X, (n, size) float32 for each size.

        Returns:
            A function from features (m, d) float32 to one array (m, size) float32 for each embedding.

        Raises:
            CoveyError: X is not finite.
        """

    def transform(self, X: Floats, Z: Floats, X_new: Floats) -> Floats:
        """Place new images in an existing embedding; arguments and places as in `Reducer.transform`."""
        self.check_new(X, X_new)
        (places,) = self.prepare_transform(X, [Z])(X_new)
        return places
