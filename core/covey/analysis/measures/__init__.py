"""Measures of clusters: by themselves, against labels, and against each other."""
