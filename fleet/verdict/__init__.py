"""What a probe's reading means for an endpoint: pure decisions, without Django and without I/O. Begin with judge."""
