"""Libraries that take long to import."""

from __future__ import annotations

HEAVY = (
    "evoc", "hdbscan", "kaggle", "matplotlib", "numba", "open_clip", "pandas", "plotly", "pyarrow", "scipy", "sklearn",
    "soundfile", "soxr", "streamlit", "tensorflow", "timm", "torch", "torchvision", "transformers", "umap",
)  # fmt: skip
"""What a plugin imports inside the function that needs it, never when it is itself imported."""
