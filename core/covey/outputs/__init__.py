"""Outputs of a dataset: reports, exports, methods texts, pictures."""
