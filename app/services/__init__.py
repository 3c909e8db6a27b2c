"""Read, fold, decide, append; and the reactors around it."""
