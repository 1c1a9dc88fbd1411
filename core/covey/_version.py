"""The version of covey, what it promises to plugins, and how it is cited."""

__version__ = "0.1.0"
API = 1
"""The edition of the contract with plugins; CONTRIBUTING says when it is raised."""
TITLE = "covey: software that groups sounds for people to look at, listen to and name"
CITATION = f"covey contributors (2026): {TITLE}, version {__version__}"
"""How covey is cited; CITATION.cff says the same."""
