"""How a run is asked to stop: the flag that says so, and Ctrl-C, which sets it instead of tearing the run apart."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from types import FrameType


class StopFlag(threading.Event):
    """A cancel flag that also knows whether the user insisted.

    `KeyboardInterrupt` is lost when the signal arrives while C code calls back into Python; `at_once` stays.
    """

    at_once: bool = False


@contextmanager
def ctrl_c_cancels(cancel: threading.Event) -> Iterator[Callable[[], bool]]:
    """Let the first Ctrl-C set `cancel`, so that a run ends cleanly, and the second raise `KeyboardInterrupt`.

    Yields what tells whether Ctrl-C was pressed: whoever uses this raises `KeyboardInterrupt` in the end, for a loop
    of runs would otherwise go on with the next one. Nothing is changed outside the main thread, which alone hears
    signals, and where a program has a handler of its own: it knows better. The handler is put back at the end.
    """
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield lambda: False
        return
    pressed = False
    presses: SimpleQueue[bool] = SimpleQueue()

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        if pressed:
            if isinstance(cancel, StopFlag):
                cancel.at_once = True
            raise KeyboardInterrupt
        pressed = True
        # A flag takes a lock, which the code that was interrupted may hold: another thread waits for it.
        presses.put(True)

    def set_when_pressed() -> None:
        if presses.get():
            cancel.set()

    setter = threading.Thread(target=set_when_pressed, name="ctrl-c", daemon=True)
    setter.start()
    signal.signal(signal.SIGINT, interrupt)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        presses.put(False)
        setter.join()
