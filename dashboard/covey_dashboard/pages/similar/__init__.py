"""The page Find similar."""
