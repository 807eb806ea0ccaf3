"""Whether the monitor itself can see: its network, the times it could not, and its heartbeat."""
