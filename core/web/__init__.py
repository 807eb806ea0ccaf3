"""What every request passes, from the socket to the views."""
