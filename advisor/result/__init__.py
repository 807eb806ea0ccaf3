"""A result: computed once, and shown as a page, Markdown or JSON."""
