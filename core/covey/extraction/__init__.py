"""From images to features: in batches, each kept when it is done, so that an interruption costs one batch at most."""
