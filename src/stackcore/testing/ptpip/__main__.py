"""`python -m stackcore.testing.ptpip`: be a camera until stopped; the first line printed is the TCP port."""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from stackcore.errors import StackcoreError, UsageError
from stackcore.testing.ptpip.body import Body
from stackcore.testing.ptpip.faults import FAULT_NAMES, Setup, with_fault
from stackcore.testing.ptpip.identity import IDENTITIES
from stackcore.testing.ptpip.pictures import GivenPictures, MadeUpPictures
from stackcore.testing.ptpip.server import Server
from stackcore.testing.ptpip.wire import WireLog


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m stackcore.testing.ptpip",
        description="A camera that is none: speaks PTP/IP with Nikon's extension on the loopback address.",
        epilog=f"FAULT is NAME[:ACT][=VALUE][@FIRST][xTIMES]; names: {', '.join(FAULT_NAMES)}.",
    )
    parser.add_argument("--identity", choices=sorted(IDENTITIES), default="d850", help="which body it says it is")
    parser.add_argument("--fault", action="append", default=[], metavar="FAULT", help="what goes wrong; repeatable")
    parser.add_argument("--files", default="jpg", help="what a still consists of: jpg, nef, jpg+nef")
    parser.add_argument("--pictures", type=Path, help="folder: preview*.jpg are live view, the rest stills")
    parser.add_argument("--position", type=int, default=0, help="where the lens stands, drive units")
    parser.add_argument("--near-stop", type=int, default=-1_000_000, help="nearest position, drive units")
    parser.add_argument("--far-stop", type=int, default=1_000_000, help="farthest position, drive units")
    parser.add_argument("--port", type=int, default=0, help="TCP port; any free one if not given")
    parser.add_argument("--log", type=Path, help="new file that receives everything that arrives, as JSON lines")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end together with who started it")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted, or until the standard input closes where that was asked for."""
    asked = _parser().parse_args(arguments)
    try:
        if not 0 <= asked.port <= 65535:
            raise UsageError(
                f"There is no port {asked.port}.", "ports end at 65535.", "leave --port away: any free one."
            )
        setup = Setup(
            identity=asked.identity,
            position=asked.position,
            near_stop=asked.near_stop,
            far_stop=asked.far_stop,
            files=tuple(asked.files.split("+")),
        )
        for spec in asked.fault:
            setup = with_fault(setup, spec)
        pictures = MadeUpPictures() if asked.pictures is None else GivenPictures(asked.pictures)
        server = Server(Body(setup, pictures), WireLog(asked.log, time.monotonic), asked.port)
    except StackcoreError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(
            f"No camera can be here: {error}. try: another --port, a new --log, a folder for --pictures.",
            file=sys.stderr,
        )
        return UsageError.exit_code
    server.start()
    print(server.port, flush=True)
    try:
        if asked.until_stdin_closes:
            sys.stdin.read()
        else:
            threading.Event().wait()
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
