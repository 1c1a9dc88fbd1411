"""What other programs made, brought into a dataset: features, tables of labels, selections."""
