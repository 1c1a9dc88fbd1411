"""The sources of recordings that belong to core."""
