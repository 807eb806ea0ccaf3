"""Everything that knows how an inference server answers. Plain Python: no Django in here."""
