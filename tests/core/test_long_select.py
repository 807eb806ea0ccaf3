"""A list of hundreds to choose from."""

import pytest
from django import forms

from core.long_select import LongSelect

CHOICES = [("UTC", "UTC"), ("<b>", 'Bob\'s "<b>"'), ("1", "One")]


@pytest.mark.parametrize("value", ["UTC", "<b>", 1, None, "", "unknown"])
@pytest.mark.parametrize("attrs", [{"class": "select", "data-zone": "", "required": True}, {"id": "a"}])
def test_it_is_the_select_that_django_draws(value, attrs):
    ours, theirs = (
        " ".join(kind(attrs, CHOICES).render("zone", value).split()).replace("> <", "><")
        for kind in (LongSelect, forms.Select)
    )
    assert ours == theirs
