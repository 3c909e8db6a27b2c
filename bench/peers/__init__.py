"""What the benches compare with; each runs in the virtual environment that `make peers` makes."""
