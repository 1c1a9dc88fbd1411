"""Libraries that are slow to import."""

from __future__ import annotations

HEAVY = (
    "evoc", "hdbscan", "kaggle", "matplotlib", "numba", "open_clip", "pandas", "plotly", "pyarrow", "scipy", "sklearn",
    "soundfile", "soxr", "streamlit", "tensorflow", "timm", "torch", "torchvision", "transformers", "umap",
)  # fmt: skip
"""A plugin imports these inside the functions that need them, never at module level."""
