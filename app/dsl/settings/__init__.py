"""What the blocks of a definition say besides code: attributes, policies, schedules and the like."""
