"""The catalogue of a dataset: its images, what they contain, and the clips of recordings that they show."""
