"""When we doubt ourselves, and what convicts us."""

import pytest

from fleet.verdict.monitor_blind import Checks, Glance, is_loopback, suspect, suspicious, verdict

NOW = 1_800_000_000.0


def bad(host: str, ago: float = 2, looked: float = 0, ours: bool = True) -> Glance:
    return Glance(host, NOW - looked, NOW - ago, ours)


def good(host: str, ago: float = 0) -> Glance:
    return Glance(host, NOW - ago)


HUNDRED = [f"10.0.0.{n}" for n in range(100)]


@pytest.mark.parametrize(
    ("glances", "hosts"),
    [
        pytest.param([], None, id="nothing probed"),
        pytest.param([good("a"), good("b")], None, id="all well"),
        pytest.param([bad("a"), bad("b")], 2, id="all fail"),
        pytest.param([bad("a"), bad("b"), good("c", ago=1)], None, id="another answers meanwhile"),
        pytest.param([bad("a"), bad("b"), good("c", ago=9)], 2, id="another answered before"),
        pytest.param([bad("a"), bad("a"), bad("a"), good("b", ago=1)], None, id="endpoints of one host are one"),
        pytest.param([bad("a"), good("a", ago=1), bad("b"), good("b", ago=1)], None, id="another port of it answers"),
        pytest.param([bad("a", ours=False), bad("b", ours=False)], None, id="refused"),
        pytest.param([bad("a"), bad("b", ours=False)], None, id="one of two refuses, so it was reached"),
        pytest.param([bad("127.0.0.1"), bad("localhost")], None, id="on this machine"),
        pytest.param([bad("a"), bad("b"), good("localhost")], 2, id="what is on this machine needs no network"),
        pytest.param([bad("a", ago=300), bad("b", ago=300)], None, id="failing for long"),
        pytest.param([bad("a", ago=300), bad("b"), bad("c")], 2, id="one failed before"),
        pytest.param([bad("a", looked=80, ago=90), bad("b")], 1, id="only one was probed lately"),
        pytest.param([bad(h) for h in HUNDRED[:85]] + [good(h) for h in HUNDRED[85:]], 85, id="85 % fail"),
        pytest.param([bad(h) for h in HUNDRED[:75]] + [good(h) for h in HUNDRED[75:]], None, id="75 % fail"),
        pytest.param(
            [bad("x", ago=50), *(good(h, ago=40) for h in HUNDRED[:50]), *(bad(h, ago=3) for h in HUNDRED[50:])],
            50,
            id="an outage before does not hide the moment",
        ),
    ],
)
def test_we_doubt_ourselves_when_most_hosts_fail_in_the_same_moment(glances, hosts):
    suspicion = suspect(glances, NOW)
    assert (len(suspicion.hosts) if suspicion else None) == hosts


def test_the_stretch_begins_with_the_first_of_the_failures():
    suspicion = suspect([bad("a", ago=7), bad("b", ago=2), good("c", ago=9)], NOW)
    assert suspicion is not None
    assert suspicion.since == NOW - 7


@pytest.mark.parametrize(
    ("cause", "step", "expected"),
    [
        ("no_route", "connect", True),
        ("dns_failed", "connect", True),
        ("timed_out", "connect", True),
        ("timed_out", "health", False),
        ("connection_refused", "connect", False),
        ("server_error", "health", False),
        ("", "", False),
    ],
)
def test_what_proves_that_we_reached_the_machine_is_not_suspicious(cause, step, expected):
    assert suspicious(cause, step) is expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        *((host, True) for host in ("127.0.0.1", "127.8.0.1", "::1", "localhost", "gpu.localhost")),
        *((host, False) for host in ("10.0.0.1", "gpu-1", "::2")),
    ],
)
def test_hosts_on_this_machine_are_known(host, expected):
    assert is_loopback(host) is expected


@pytest.mark.parametrize(
    ("checks", "words"),
    [
        pytest.param(Checks(), None, id="nothing found"),
        pytest.param(Checks(connected=True, routes=(5, 0), names=(5, 4), witnesses=(2, 1)), None, id="all well enough"),
        pytest.param(
            Checks(canary="Too many open files."), "within this machine failed: Too many open files.", id="files"
        ),
        pytest.param(Checks(connected=False), "No network interface", id="cable out"),
        pytest.param(Checks(connected=None), None, id="interfaces not known"),
        pytest.param(Checks(routes=(5, 4)), "no way into the network of 4 of 5", id="most have no route"),
        pytest.param(Checks(routes=(5, 3)), None, id="some have no route"),
        pytest.param(Checks(routes=(1, 1)), None, id="one without a route may be its own fault"),
        pytest.param(Checks(routes=(1, 1), only_host=True), "no way into", id="the only one without a route"),
        pytest.param(Checks(names=(3, 3)), "No name server answers", id="name servers silent"),
        pytest.param(Checks(names=(1, 1)), None, id="one name may be its own fault"),
        pytest.param(Checks(witnesses=(2, 2)), "None of the addresses named in WITNESS", id="no witness"),
    ],
)
def test_only_a_fault_of_our_own_makes_us_blind(checks, words):
    reason = verdict(checks)
    if words is None:
        assert reason is None
    else:
        assert reason is not None and words in reason
