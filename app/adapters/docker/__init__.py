"""The executor port on a Docker engine."""
