"""The facts the runtime records, the commands that ask for them, and the bytes of both."""
