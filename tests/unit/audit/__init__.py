"""The audit core: notes, trees, sealing, witnessing, verification."""
