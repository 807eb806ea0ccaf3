from django.db import migrations, models

ANNOUNCED = [('', 'Nothing'), ('degraded', 'Degraded'), ('down', 'Down'), ('recovered', 'Recovered'), ('closed', 'Closed')]


class Migration(migrations.Migration):
    """Renames two fields in Python; their columns keep their names, so the database is not touched."""

    dependencies = [
        ('fleet', '0017_username'),
    ]

    operations = [
        migrations.AlterField(
            model_name='incident',
            name='told',
            field=models.CharField(blank=True, choices=ANNOUNCED, db_column='told', db_index=True, default='', max_length=12),
        ),
        migrations.RenameField(model_name='incident', old_name='told', new_name='announced'),
        migrations.AlterField(
            model_name='incident',
            name='told_at',
            field=models.DateTimeField(db_column='told_at', null=True),
        ),
        migrations.RenameField(model_name='incident', old_name='told_at', new_name='announced_at'),
    ]
