"""What probes and canaries show of an endpoint's load, hour by hour, and what it means. Pure: no Django, no I/O."""
