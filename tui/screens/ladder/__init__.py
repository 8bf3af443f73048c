"""The tutorial's path, climbed."""
