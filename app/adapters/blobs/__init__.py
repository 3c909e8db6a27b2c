"""The blob port in files, in a JetStream object store and in memory."""
