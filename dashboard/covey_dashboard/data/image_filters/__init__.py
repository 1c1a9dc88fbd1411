"""Filters of images by what is known of them."""
