"""An AWS for one machine: MiniStack, with what it lacks and what it gets wrong for ECS on Fargate."""
