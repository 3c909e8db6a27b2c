"""Views of the log, which can be thrown away and rebuilt to the same bytes."""
