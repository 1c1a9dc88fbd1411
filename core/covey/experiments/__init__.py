"""Experiments: which components run on which dataset, planned, computed and repeated."""
