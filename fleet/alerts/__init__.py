"""Who is told what, when and how: from an incident to a message that was taken."""
