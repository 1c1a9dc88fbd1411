"""What commands print: progress bars and tables."""
