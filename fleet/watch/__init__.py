"""Whether the watch itself can be trusted: can we look at all, and does every part do its work?"""
