from __future__ import annotations

import threading

import pytest

from stackcore.capturing import clock
from stackcore.capturing.clock import SystemClock


class Hourglass:
    """Stands in for the module `time`: sleeping moves the hand."""

    def __init__(self) -> None:
        self.now = 100.0
        self.cancel = threading.Event()
        self.cancel_at = float("inf")

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.now >= self.cancel_at:
            self.cancel.set()


@pytest.fixture
def glass(monkeypatch: pytest.MonkeyPatch) -> Hourglass:
    glass = Hourglass()
    monkeypatch.setattr(clock, "time", glass)
    return glass


@pytest.mark.parametrize("seconds", [0.0, 0.01, 1.23])
def test_a_delay_lasts_as_long_as_asked(glass: Hourglass, seconds: float) -> None:
    SystemClock().wait(seconds, glass.cancel)
    assert glass.now == pytest.approx(100 + seconds)


def test_a_cancel_ends_a_delay_within_50_ms(glass: Hourglass) -> None:
    glass.cancel_at = 103.0
    SystemClock().wait(600, glass.cancel)
    assert 103.0 <= glass.now <= 103.06
    SystemClock().wait(600, glass.cancel)
    assert glass.now <= 103.06


def test_a_delay_never_holds_the_lock_that_a_signal_handler_needs(
    glass: Hourglass, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glass.cancel, "wait", lambda seconds: pytest.fail("Event.wait holds the lock of the event"))
    SystemClock().wait(1, glass.cancel)


def test_the_time_is_local_and_aware() -> None:
    assert SystemClock().now().tzinfo is not None
