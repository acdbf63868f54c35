"""For tests, ours and of third parties: contracts of every kind of plugin, and scenes with known truth.

Contracts: `CameraContract`, `ModeContract`, `TokenContract`, `DeveloperContract`, `AlignerContract`, `FuserContract`,
`SharpenerContract`, `ExecutorContract` and `CommandContract`. Derive from the one of your kind, say how yours is
made, and let pytest collect it; `stackcore plugins check NAME` runs the same promises without pytest:

>>> from stackcore.testing import FuserContract
>>> class TestMine(FuserContract):
...     def make(self):
...         return MyFuser()

Data: `stackcore.testing.scene` renders stacks whose truth is known, `stackcore.testing.dng` and `raws` write raw
files. `stackcore.testing.strategies` needs Hypothesis, the extra `stackcore[testing]`; nothing else does.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from stackcore.hookspecs import Kind

if TYPE_CHECKING:
    from stackcore.testing.aligners import AlignerContract
    from stackcore.testing.cameras import CameraContract
    from stackcore.testing.commands import CommandContract
    from stackcore.testing.contract import Contract, DoesNotApply
    from stackcore.testing.developers import DeveloperContract
    from stackcore.testing.executors import ExecutorContract
    from stackcore.testing.fusers import FuserContract
    from stackcore.testing.modes import ModeContract
    from stackcore.testing.sharpeners import SharpenerContract
    from stackcore.testing.tokens import TokenContract

__all__ = [
    "AlignerContract",
    "CameraContract",
    "CommandContract",
    "Contract",
    "DeveloperContract",
    "DoesNotApply",
    "ExecutorContract",
    "FuserContract",
    "ModeContract",
    "SharpenerContract",
    "TokenContract",
    "contract_of",
]

_HOMES = {
    "AlignerContract": "aligners",
    "CameraContract": "cameras",
    "CommandContract": "commands",
    "Contract": "contract",
    "DeveloperContract": "developers",
    "DoesNotApply": "contract",
    "ExecutorContract": "executors",
    "FuserContract": "fusers",
    "ModeContract": "modes",
    "SharpenerContract": "sharpeners",
    "TokenContract": "tokens",
}


def contract_of(kind: Kind) -> type[Contract]:
    """Return the contract of a kind of plugin: `FuserContract` for `fuser`."""
    found: type[Contract] = __getattr__(f"{kind.capitalize()}Contract")
    return found


def __getattr__(name: str) -> Any:
    """Import a contract when it is first used: the simulated camera needs the scene of this package alone."""
    if name in _HOMES:
        return getattr(importlib.import_module(f"stackcore.testing.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
