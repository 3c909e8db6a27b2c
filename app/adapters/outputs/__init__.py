"""What running programs write, over NATS, from the node that runs them to those who read."""
