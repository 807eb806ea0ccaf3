"""Many addresses at once: pasted, probed side by side, shown in a table, and added."""
