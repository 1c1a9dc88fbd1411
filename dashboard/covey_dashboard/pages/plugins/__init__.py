"""The page Plugins."""
