from django.db import migrations

import core.natural_order


class Migration(migrations.Migration):

    dependencies = [
        ("core", "0002_natural_order"),
        ("teams", "0004_pending_addresses"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="team",
            options={"ordering": [core.natural_order.Natural("name")]},
        ),
    ]
