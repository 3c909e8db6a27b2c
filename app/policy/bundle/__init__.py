"""Policies from files: Cedar, YAML and agent definitions become one validated set with a digest."""
