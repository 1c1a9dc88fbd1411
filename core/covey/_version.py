"""The version of covey."""

__version__ = "0.1.0"
