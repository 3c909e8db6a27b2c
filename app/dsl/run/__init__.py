"""Running the bodies of agents: compiled once, executed by a loop that has no authority of its own."""
