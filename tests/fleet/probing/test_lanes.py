"""Fair shares of the threads that probes run on, with fake work."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from fleet.probing import lanes
from fleet.probing.lanes import Job, Lane, Pool

HOG, ALPHA = 1, 2
LATER = time.time() + 3600


def job(key: int, team: int = HOG, slow: bool = False, expires_at: float = LATER, work=lambda: None) -> Job:
    return Job(key, team, slow, expires_at, work)


def taken(lane: Lane, count: int = 1000) -> list[Job]:
    """What the lane gives out, each counted as running."""
    found = []
    while len(found) < count and (given := lane.next()):
        lane.count(given.team, 1)
        found.append(given)
    return found


def test_a_team_leaves_as_many_slots_free_as_it_takes():
    lane = Lane(8)
    for key in range(20):
        lane.wait(job(key))
    assert [each.key for each in taken(lane)] == [0, 1, 2, 3]
    lane.wait(job(100, ALPHA))
    assert [each.team for each in taken(lane)] == [ALPHA]


def test_teams_take_turns_whoever_came_first():
    lane = Lane(100)
    for key in range(5):
        lane.wait(job(key, HOG))
    for key in range(5, 8):
        lane.wait(job(key, ALPHA))
    assert [each.team for each in taken(lane, 6)] == [HOG, ALPHA, HOG, ALPHA, HOG, ALPHA]


def test_a_team_with_nothing_running_gets_the_next_slot_before_all_others():
    lane = Lane(4)
    for team in range(10):
        for key in range(10):
            lane.wait(job(100 * team + key, team))
    taken(lane)
    assert lane.running.total() == 4
    lane.wait(job(9999, 77))
    waited = 0
    while not lane.running[77]:
        ended = next(iter(lane.running))
        lane.count(ended, -1)
        waited += len([each for each in taken(lane) if each.team != 77])
    assert waited <= 10  # one of each team before it at most


def test_what_is_past_its_time_leaves_the_line():
    lane = Lane(2)
    lane.wait(job(1, expires_at=100))
    lane.wait(job(2, expires_at=300))
    lane.wait(job(3, ALPHA, expires_at=100))
    assert [each.key for each in lane.expired(200)] == [1, 3]
    assert [each.key for each in taken(lane)] == [2]


@contextmanager
def pool(slots: int) -> Iterator[tuple[Pool, threading.Event]]:
    """A pool, and what its hanging jobs wait for."""
    made, release = Pool(slots), threading.Event()
    try:
        yield made, release
    finally:
        release.set()
        assert made.close(10)


def test_hanging_endpoints_of_one_team_hold_up_no_other_team(wait_for):
    with pool(16) as (shared, release):
        hung = threading.Semaphore(0)

        def hang() -> None:
            hung.release()
            release.wait(30)

        for key in range(240):
            shared.submit(job(key, work=hang))
        for _ in range(8):
            assert hung.acquire(timeout=10)
        answered = threading.Event()
        shared.submit(job(1000, ALPHA, work=answered.set))
        assert answered.wait(10)


def test_one_that_hangs_counts_as_slow_so_that_another_starts_in_its_place(monkeypatch, wait_for):
    monkeypatch.setattr(lanes, "SLOW_AFTER", 0.05)
    with pool(8) as (shared, release):
        begun: list[int] = []
        for key in range(60):
            shared.submit(job(key, work=lambda key=key: (begun.append(key), release.wait(30))))
        # Half of each lane, never more: the other halves are for other teams.
        wait_for(lambda: len(begun) == 8)
        assert (shared._fast.running[HOG], shared._slow.running[HOG]) == (4, 4)


def test_slow_endpoints_take_no_slot_of_the_fast_lane(wait_for):
    with pool(8) as (shared, release):
        begun: list[int] = []
        for key in range(60):
            shared.submit(job(key, slow=True, work=lambda key=key: (begun.append(key), release.wait(30))))
        wait_for(lambda: len(begun) == 4)
        assert not shared._fast.running


def test_hanging_endpoints_of_many_teams_never_take_more_than_two_threads_for_a_slot(monkeypatch, wait_for):
    monkeypatch.setattr(lanes, "SLOW_AFTER", 0.02)
    with pool(4) as (shared, release):
        begun: list[int] = []
        for team in range(12):
            for key in range(6):
                number = 100 * team + key
                shared.submit(job(number, team, work=lambda n=number: (begun.append(n), release.wait(30))))
        wait_for(lambda: len(begun) == 8)
        assert shared._busy == 8


def test_one_job_of_an_endpoint_waits_at_most():
    with pool(2) as (shared, release):
        began = threading.Event()
        shared.submit(job(1, work=lambda: (began.set(), release.wait(30))))
        assert began.wait(10)
        assert shared.submit(job(2)) and not shared.submit(job(2))
        assert shared.submit(job(1))  # the one under way may be followed by one more


def test_a_job_that_waited_too_long_is_dropped_and_may_come_again(wait_for):
    with pool(2) as (shared, release):
        began, ran = threading.Event(), []
        shared.submit(job(1, work=lambda: (began.set(), release.wait(30))))
        assert began.wait(10)
        shared.submit(job(2, expires_at=time.time() + 0.05, work=lambda: ran.append("late")))
        wait_for(lambda: shared.submit(job(2, work=lambda: ran.append("in time"))))
        release.set()
        wait_for(lambda: ran)
        assert ran == ["in time"]


def test_one_job_that_raises_costs_no_thread(caplog, wait_for):
    with pool(2) as (shared, _):
        done = threading.Event()
        shared.submit(job(1, work=lambda: 1 / 0))
        wait_for(lambda: "could not be run" in caplog.text)
        shared.submit(job(2, work=done.set))
        assert done.wait(10)


def test_threads_end_when_they_are_idle_and_start_again(monkeypatch, wait_for):
    monkeypatch.setattr(lanes, "IDLE", 0.05)
    with pool(8) as (shared, _):
        for first in (0, 10):
            threads: set[threading.Thread] = set()
            meet = threading.Barrier(4, timeout=10)

            def work(threads: set[threading.Thread] = threads, meet: threading.Barrier = meet) -> None:
                threads.add(threading.current_thread())
                meet.wait()

            for key in range(first, first + 4):
                shared.submit(job(key, work=work))
            wait_for(lambda found=threads: len(found) == 4 and not any(thread.is_alive() for thread in found))


def test_the_thread_that_was_idle_last_gets_the_next_job(wait_for):
    with pool(8) as (shared, _):
        together, threads = threading.Barrier(4, timeout=10), []
        for key in range(4):
            shared.submit(job(key, work=together.wait))
        for key in range(10, 15):
            wait_for(lambda: not shared._busy)
            shared.submit(job(key, work=lambda: threads.append(threading.current_thread())))
        wait_for(lambda: len(threads) == 5)
        assert len(set(threads)) == 1


def test_quick_probes_run_one_after_another(monkeypatch, wait_for):
    monkeypatch.setattr(lanes, "BREATH", 30)
    with pool(16) as (shared, _):
        threads: list[threading.Thread] = []
        for key in range(8):
            shared.submit(job(key, work=lambda: threads.append(threading.current_thread())))
        wait_for(lambda: len(threads) == 8)
        assert len(set(threads)) == 1


def test_slow_endpoints_let_those_that_are_held_back_go_first_but_not_for_long(monkeypatch, wait_for):
    monkeypatch.setattr(lanes, "BREATH", 30)
    with pool(16) as (shared, release):
        began: list[int] = []

        def work(key: int) -> None:
            began.append(key)
            release.wait(30)

        for key in (1, 2):
            shared.submit(job(key, work=lambda key=key: work(key)))
        shared.submit(job(3, ALPHA, slow=True, work=lambda: work(3)))
        wait_for(lambda: len(began) == 2)
        assert began == [1, 3]  # the second waits for the first, and the slow one for the next review alone


def test_endpoints_that_do_not_answer_hold_up_others_less_and_less(wait_for):
    with pool(64) as (shared, release):
        at_once: list[int] = []
        for key in range(31):
            shared.submit(job(key, work=lambda: (at_once.append(shared._at_once), release.wait(30))))
        wait_for(lambda: len(at_once) == 31)
        assert max(at_once) > 1  # it doubles while none of them ends
        answered = threading.Event()
        shared.submit(job(100, ALPHA, work=answered.set))
        assert answered.wait(10)
        wait_for(lambda: shared._at_once == 1)


def test_a_stop_waits_for_what_runs_but_not_for_long():
    shared, release = Pool(4), threading.Event()
    began = threading.Event()
    shared.submit(job(1, work=lambda: (began.set(), release.wait(30))))
    assert began.wait(10)
    assert not shared.close(0.05)
    assert not shared.submit(job(2))
    release.set()
    assert shared.close(10)
