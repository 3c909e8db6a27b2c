"""What lies in a data directory, and whose it is."""
