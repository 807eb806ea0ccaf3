"""A probe's way: scheduled, claimed, dispatched, run, judged and recorded."""
