"""What people need to label: the names of classes, and their own."""
