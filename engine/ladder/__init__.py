"""The ladder: the tutorial's own path, climbed on the user's checkpoint, and each rung measured."""
