"""What leaves a dataset: reports, exports, methods texts, pictures."""
