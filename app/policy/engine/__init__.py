"""Decisions under one bundle: fast, and the same as Cedar's own over the whole set."""
