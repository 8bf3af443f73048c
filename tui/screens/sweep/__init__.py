"""A grid of runs, planned and watched."""
