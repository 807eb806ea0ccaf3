from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [("fleet", "0004_messages")]

    operations = [
        migrations.RemoveField(
            model_name='alert',
            name='attempts',
        ),
        migrations.RemoveField(
            model_name='alert',
            name='error',
        ),
        migrations.RemoveField(
            model_name='alert',
            name='next_try_at',
        ),
        migrations.RemoveField(
            model_name='alert',
            name='sent_at',
        ),
        migrations.RemoveField(
            model_name='alert',
            name='state',
        ),
    ]
