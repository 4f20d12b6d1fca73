"""What the service's tasks cost a month, by the prices that AWS publishes."""
