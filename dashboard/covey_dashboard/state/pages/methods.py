"""What a session remembers of the page Methods."""

from __future__ import annotations


class MethodsState:
    """The page Methods."""

    @staticmethod
    def table_key(location: str) -> str:
        """Return the key of the list of tables."""
        return f"methods.table {location}"
