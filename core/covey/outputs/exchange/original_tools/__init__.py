"""What the original tools open: embeddings, metadata, images and labels."""
