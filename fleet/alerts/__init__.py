"""Who is notified of what, when and how: from an incident to a message that was taken."""
