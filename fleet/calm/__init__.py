"""What people do about trouble: acknowledge it, silence it, plan work."""
