"""Connections to servers that nobody vouches for: outbound rules, one deadline, trusted authorities. No Django."""
