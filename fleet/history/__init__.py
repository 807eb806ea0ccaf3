"""What is kept of the observations, and what it says about availability."""
