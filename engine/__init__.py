"""The lab: loads checkpoints, makes runs and keeps them. Knows nothing of any screen."""

__version__ = "0.1.0"
