"""The version of covey, and of what it promises to plugins."""

__version__ = "0.1.0"
API = 1
"""The edition of the contract with plugins; CONTRIBUTING says when it is raised."""
