"""What this installation is near to running out of: `manage.py doctor`."""
