"""The language agents are defined in: reading it, checking it, formatting it and running it, all pure."""
