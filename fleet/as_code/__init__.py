"""The fleet as a YAML file: reading it, checking it and applying it."""
