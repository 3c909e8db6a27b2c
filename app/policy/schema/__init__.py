"""The words that policies are written in: which entities, actions and attributes there are."""
