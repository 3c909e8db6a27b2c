"""Runs of bodies: carried out in the worker's event loop, interrupted and continued, and replayed."""
