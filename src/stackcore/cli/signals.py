"""What Ctrl-C and SIGTERM mean while a run is under way."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from stackcore.runs import StopFlag

FINISHING = b"\nFinishing cleanly; press Ctrl-C again to stop at once.\n"


@contextmanager
def cancel_on_signals(cancel: StopFlag) -> Iterator[None]:
    """Let the first Ctrl-C set `cancel` and the second raise `KeyboardInterrupt`; SIGTERM only ever sets it.

    Handlers are put back at the end. Outside the main thread, which alone can have handlers, nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    asked = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        if asked:
            cancel.at_once = True  # the exception is lost if this interrupts a callback from C; the flag is not
            raise KeyboardInterrupt
        terminate(number, frame)

    def terminate(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            return
        asked = True  # before set(), which takes a lock that a second signal would wait for without end
        cancel.set()
        os.write(2, FINISHING)  # a signal may arrive in the middle of a print, where sys.stderr refuses another

    before = {signal.SIGINT: signal.signal(signal.SIGINT, interrupt)}
    # `timeout` and service managers send SIGTERM to the process and to its group: twice must not mean "at once".
    before[signal.SIGTERM] = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
