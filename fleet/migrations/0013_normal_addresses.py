"""Addresses that were stored before get the one form that is compared: domains in lower case and in ASCII.

What no mail can be sent to stays as it is: its team reads so when it saves its list next.
"""

from contextlib import suppress

from django.conf import settings
from django.db import IntegrityError, migrations, transaction

from core.mail_addresses import Unmailable, usable

COLUMNS = [
    ("auth", "User", "email"), ("account", "EmailAddress", "email"), ("teams", "Invitation", "email"),
    ("fleet", "Recipient", "address"),
]  # fmt: skip
LISTS = [("teams", "Team", "mail_to"), ("fleet", "AlertPolicy", "escalate_to")]


def normal(address: str) -> str:
    try:
        return usable(address)
    except Unmailable:
        return address


def normalise(apps, schema_editor) -> None:
    for app, model, field in COLUMNS:
        rows = apps.get_model(app, model).objects
        for pk, before in rows.exclude(**{field: ""}).values_list("pk", field):
            if (after := normal(before)) != before:
                # Both spellings of one address may be there: then the second stays as it was.
                with suppress(IntegrityError), transaction.atomic(using=schema_editor.connection.alias):
                    rows.filter(pk=pk).update(**{field: after})
    for app, model, field in LISTS:
        rows = apps.get_model(app, model).objects
        for pk, before in rows.values_list("pk", field):
            after = list(dict.fromkeys(normal(address) for address in before))
            if after != before:
                rows.filter(pk=pk).update(**{field: after})


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("teams", "0004_pending_addresses"),
        ("fleet", "0012_turns_with_direction"),
    ]

    operations = [migrations.RunPython(normalise, migrations.RunPython.noop)]
