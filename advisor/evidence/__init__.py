"""PURE: what the load verdicts on the endpoints that a decision covers say about the decision. Begin with judge."""
