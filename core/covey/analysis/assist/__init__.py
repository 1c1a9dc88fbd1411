"""Help for a person who labels: the next images to label, similar images and odd ones."""
