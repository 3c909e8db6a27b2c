"""The first thing a newcomer runs: example agents at work, and what was recorded of it."""
