"""Searching for what is like images, a sound, a picture or words."""
