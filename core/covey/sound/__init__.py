"""From sound to spectrogram images: recordings are cut into segments, each becomes one image."""
