"""What developers run: the checks, the locks, and what is generated from the code."""
