"""Datasets: images, tables with provenance, metadata and the files that hold them."""
