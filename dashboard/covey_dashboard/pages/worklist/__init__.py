"""The page Worklist."""
