"""Measured comparisons: warm up, take turns, and say how sure the difference is."""
