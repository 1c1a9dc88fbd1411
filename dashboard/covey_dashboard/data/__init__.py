"""What pages read: datasets, clusterings, labels, metadata."""
