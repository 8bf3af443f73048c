"""The studio: where one prompt becomes many pictures."""
