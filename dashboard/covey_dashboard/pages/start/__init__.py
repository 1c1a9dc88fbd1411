"""The page Start: what a folder holds, and the next step."""
