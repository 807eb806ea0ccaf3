from django.db import migrations

import core.natural_order


class Migration(migrations.Migration):

    dependencies = [
        ("core", "0002_natural_order"),
        ("fleet", "0030_left_out"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="endpoint",
            options={
                "ordering": [
                    core.natural_order.Natural("team__name"),
                    core.natural_order.Natural("name"),
                ],
            },
        ),
    ]
