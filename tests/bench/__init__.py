"""Figures of speed and memory, as tables. They are measured, never asserted."""
