"""One picture, with every cell of the screen."""
