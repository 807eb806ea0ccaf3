"""What probes showed of load: stored by the hour, judged each hour, kept as days."""
