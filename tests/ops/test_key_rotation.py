"""Rotating the keys of stored secrets."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.core.management import CommandError, call_command
from django.db.models import TextField
from django.db.models.functions import Cast

from core import encryption
from fleet.models import AlertPolicy, Endpoint
from ops import key_rotation
from teams.models import AuditEntry

OLD, NEW, OTHER = "old" * 12, "new" * 12, "other" * 8


@pytest.fixture
def endpoint(team, settings):
    settings.FIELD_KEYS = [OLD]
    return Endpoint.objects.create(team=team, name="gpu-1", url="http://127.0.0.1:1", api_key="sk-planted")


def stored(model, field):
    return list(model.objects.order_by("pk").values_list(Cast(field, TextField()), flat=True))


def test_every_encrypted_field_is_found():
    found = {f"{place.model.__name__}.{place.field}" for place in key_rotation.places()}
    assert found >= {
        "Endpoint.api_key", "AlertPolicy.apprise_url", "AlertPolicy.webhook_url", "AlertPolicy.webhook_secret",
        "Authenticator.data",
    }  # fmt: skip


@pytest.mark.postgres
def test_the_old_key_is_not_needed_afterwards(endpoint, team, settings, capsys):
    AlertPolicy.objects.create(team=team, webhook_url="https://hooks.example.org/x", webhook_secret="signs it")
    settings.FIELD_KEYS = [NEW, OLD]
    call_command("rotatekeys")
    assert "3 encrypted with the first key now, 0 were already" in capsys.readouterr().out

    settings.FIELD_KEYS = [NEW]
    endpoint.refresh_from_db()
    policy = AlertPolicy.objects.get()
    assert (endpoint.api_key, policy.webhook_url) == ("sk-planted", "https://hooks.example.org/x")
    assert (policy.webhook_secret, policy.apprise_url) == ("signs it", "")


def test_more_rows_than_a_portion_are_all_rotated(endpoint, team, settings, monkeypatch):
    monkeypatch.setattr(key_rotation, "PORTION", 2)
    for number in range(4):
        Endpoint.objects.create(
            team=team, name=f"n{number}", url=f"http://127.0.0.1:2{number}", api_key=f"key {number}"
        )
    settings.FIELD_KEYS = [NEW, OLD]
    assert key_rotation.rotate() == (5, 0)
    assert all(map(encryption.by_first_key, stored(Endpoint, "api_key")))


def test_a_second_run_goes_on_where_the_first_was_stopped(endpoint, team, settings):
    settings.FIELD_KEYS = [NEW, OLD]
    Endpoint.objects.create(team=team, name="gpu-2", url="http://127.0.0.1:2", api_key="with the new key")
    before = stored(Endpoint, "api_key")[1]
    assert key_rotation.rotate() == (1, 1)
    assert stored(Endpoint, "api_key")[1] == before, "what needed nothing was written"
    assert key_rotation.rotate() == (0, 2)


def test_a_secret_that_no_key_reads_is_named_and_nothing_changes(endpoint, team, settings):
    settings.FIELD_KEYS = [OTHER]
    lost = Endpoint.objects.create(team=team, name="gpu-2", url="http://127.0.0.1:2", api_key="of a lost key")
    before = stored(Endpoint, "api_key")
    settings.FIELD_KEYS = [NEW, OLD]
    with pytest.raises(CommandError) as refused:
        call_command("rotatekeys")
    assert refused.value.returncode == 1
    assert f"fleet.Endpoint {lost.pk} (api_key)" in str(refused.value)
    assert f"fleet.Endpoint {endpoint.pk} (" not in str(refused.value)
    assert stored(Endpoint, "api_key") == before


@pytest.mark.postgres
@pytest.mark.parametrize("key", [NEW, OLD], ids=["by a new process", "by a process that was not restarted"])
def test_a_change_in_the_same_moment_is_not_overwritten(endpoint, settings, monkeypatch, key):
    settings.FIELD_KEYS = [NEW, OLD]
    decrypted, calls = encryption.decrypted, []

    def someone_is_faster(text):
        plain = decrypted(text)
        calls.append(plain)
        if len(calls) == 2:  # the first pass checks, the second is the one that is going to be written
            settings.FIELD_KEYS = [key]
            Endpoint.objects.filter(pk=endpoint.pk).update(api_key="entered meanwhile")
            settings.FIELD_KEYS = [NEW, OLD]
        return plain

    monkeypatch.setattr(encryption, "decrypted", someone_is_faster)
    key_rotation.rotate()
    settings.FIELD_KEYS = [NEW]
    endpoint.refresh_from_db()
    assert endpoint.api_key == "entered meanwhile"


@pytest.mark.postgres
def test_second_factors_are_rotated_with_the_rest(alice, settings):
    settings.FIELD_KEYS = [OLD]
    app = TOTP.activate(alice, "JBSWY3DPEHPK3PXP").instance
    codes = RecoveryCodes.activate(alice)
    known = codes.get_unused_codes()
    assert "JBSWY3DPEHPK3PXP" not in str(app.data) and codes.instance.data["seed"].startswith(encryption.BEGINNING)

    settings.FIELD_KEYS = [NEW, OLD]
    assert key_rotation.rotate() == (2, 0)
    assert key_rotation.rotate() == (0, 2)
    settings.FIELD_KEYS = [NEW]
    app.refresh_from_db()
    assert encryption.decrypted(app.data["secret"]) == "JBSWY3DPEHPK3PXP"
    assert RecoveryCodes(Authenticator.objects.get(type="recovery_codes")).get_unused_codes() == known


def test_a_second_factor_that_no_key_reads_is_named(alice, settings):
    settings.FIELD_KEYS = [OLD]
    app = TOTP.activate(alice, "JBSWY3DPEHPK3PXP").instance
    settings.FIELD_KEYS = [NEW]
    with pytest.raises(key_rotation.NoKeyFits) as refused:
        key_rotation.rotate()
    assert refused.value.names == [f"mfa.Authenticator {app.pk} (data)"]


@pytest.mark.postgres
def test_secrets_of_a_lost_key_can_be_dropped_and_the_others_stay(endpoint, alice, team, settings, capsys):
    TOTP.activate(alice, "JBSWY3DPEHPK3PXP")
    AlertPolicy.objects.create(team=team, webhook_url="https://hooks.example.org/x", webhook_secret="signs it")
    settings.FIELD_KEYS = [NEW]
    kept = Endpoint.objects.create(team=team, name="gpu-2", url="http://127.0.0.1:2", api_key="readable")
    call_command("rotatekeys", "--drop-unreadable")
    assert f"Taken away, as no key reads them: fleet.Endpoint {endpoint.pk} (api_key)" in capsys.readouterr().out
    assert [each.api_key for each in Endpoint.objects.order_by("pk")] == ["", "readable"] and kept.pk
    assert AlertPolicy.objects.get().webhook_url == "" and not Authenticator.objects.exists()
    entry = AuditEntry.objects.get(action="secret.dropped")
    assert (entry.via, "fleet.Endpoint" in str(entry.detail)) == ("manage.py rotatekeys", True)
    call_command("rotatekeys")
    assert "Secrets: 0 encrypted with the first key now, 1 were already" in capsys.readouterr().out
