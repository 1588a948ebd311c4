"""What a person asked for that does not depend on the format: options, tasks and clusters."""
