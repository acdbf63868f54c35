"""A Nikon body on the loopback address, for tests of everything that drives cameras through libgphoto2.

It speaks PTP/IP (CIPA DC-X005) with those of Nikon's commands that focus stacking needs, well enough for an unmodified
libgphoto2 to connect, show live view, drive focus, take stills and fetch them; and it can fail in every way on request.
It is no camera: how a real body times its answers, and which commands it lists, was not measured.
"""

from stackcore.testing.ptpip.responder import Responder
from stackcore.testing.ptpip.wire import Arrival

__all__ = ["Arrival", "Responder"]
