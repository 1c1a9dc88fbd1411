"""Components and their options: what an extractor, reducer, clusterer or storage is."""
