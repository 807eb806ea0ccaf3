"""The form: its questions with what was answered, filled by links, profiles and files."""
