"""Every run there is."""
