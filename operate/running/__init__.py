"""A service that runs: its state, logs and alarms, how its rollouts end, and commands in its tasks."""
