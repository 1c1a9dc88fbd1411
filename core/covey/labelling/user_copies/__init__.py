"""Labels of datasets that cannot be written: kept with the user until they can come back."""
