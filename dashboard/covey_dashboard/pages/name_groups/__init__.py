"""The page Name groups."""
