"""Everything that must hold before focus moves, in an order in which bodies answer truly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stackcore.errors import NotReadyError
from stackcore.protocols import Check, Need
from stackcore_plugins.camera_gphoto2.body import Body, DriverError
from stackcore_plugins.camera_gphoto2.liveview import LiveView
from stackcore_plugins.camera_gphoto2.options import Gphoto2Options
from stackcore_plugins.camera_gphoto2.stills import free_frames
from stackcore_plugins.camera_gphoto2.vendors import FocusMode, Vendor

_LOW_BATTERY_PERCENT = 15
_SWITCH = "set the switch at the lens to M/A or AF, and the camera's focus mode to AF-S"
_MANUAL = "set the switch at the lens or body to manual focus"


@dataclass(frozen=True, kw_only=True)
class Preflight:
    """What is looked at, and whether live view may be switched on."""

    body: Body
    vendor: Vendor
    model: str
    options: Gphoto2Options
    live_view: LiveView
    needs: frozenset[Need]
    start_live_view: bool

    def checks(self) -> Iterator[Check]:
        """Yield what was found; settings of this session (target, no autofocus, live view) are made on the way."""
        names = self.body.names()
        yield Check(name="camera connected", ok=True, detail=self.model)
        yield from self._vendor()
        drivable = self.vendor.drive.setting in names
        if "focus_drive" in self.needs:
            yield self._focus_drive(drivable)
            yield from self._focus_mode(names)
        yield from self._health(names)
        if "still" in self.needs:
            yield self._still(names)
        if "live_view" in self.needs or "focus_drive" in self.needs:
            yield self._live_view(names)
        if "still" in self.needs and self.options.target == "card":
            yield self._room()

    def _vendor(self) -> Iterator[Check]:
        row = self.vendor
        if row.verified == "source":
            yield Check(
                name="camera profile",
                ok=False,
                fatal=False,
                detail=f"how a {row.name} is driven is known from the driver's source only",
                fix="watch the first run, and tell the project how it went",
            )
        if not row.exact:
            yield Check(
                name="focus return",
                ok=False,
                fatal=False,
                detail=f"{row.name}: {row.note[0].lower()}{row.note[1:]}",
                fix="compare the first and the last view",
            )

    def _focus_drive(self, drivable: bool) -> Check:
        return Check(
            name="focus drive",
            ok=drivable,
            detail=self.vendor.name if drivable else f"{self.model} offers no movement of its focus to a computer",
            fix="use a body whose focus can be driven (see docs/reference/cameras.md), with an autofocus lens on it",
        )

    def _focus_mode(self, names: frozenset[str]) -> Iterator[Check]:
        rule = self.vendor.focus_mode
        if rule is None or rule.setting not in names:
            return
        try:
            manual = str(self.body.read(rule.setting).value) in rule.manual
        except DriverError:
            return  # a body that does not tell is none that refuses
        yield _judge(rule, manual)

    def _health(self, names: frozenset[str]) -> Iterator[Check]:
        row = self.vendor
        if row.battery in names:
            charge = self._text(row.battery)
            digits = "".join(c for c in charge if c.isdecimal())
            low = (bool(digits) and int(digits) < _LOW_BATTERY_PERCENT) or charge.casefold() == "low"
            yield Check(
                name="battery", ok=not low, fatal=False, detail=charge, fix="change the battery before a long run"
            )
        if row.flash and row.flash in names and "still" in self.needs:
            ready = self._text(row.flash).casefold() not in ("0", "off", "no", "false")
            yield Check(
                name="flash",
                ok=ready,
                fatal=False,
                detail="ready" if ready else "not charged",
                fix="give the flash time to charge, with a longer --delay-ms",
            )

    def _still(self, names: frozenset[str]) -> Check:
        """Make the settings of the session, explicitly: they outlive it in a file that all cameras share."""
        row = self.vendor
        wanted = [(row.target, row.ram if self.options.target == "ram" else row.card), *row.no_autofocus]
        try:
            for name, value in wanted:
                if name in names:
                    self.body.write(name, value)
        except DriverError as error:
            return Check(
                name="still capture",
                ok=False,
                detail=f"{name} cannot be set to {value}: {error}",
                fix="leave the menu or playback of the camera",
            )
        missing = [name for name, _ in row.no_autofocus if name not in names]
        if missing:
            detail = f"autofocus cannot be kept from a still: the camera has no {' or '.join(missing)}"
            return Check(name="still capture", ok=False, detail=detail, fix=_MANUAL)
        return Check(name="still capture", ok=True, detail=f"to {self.options.target}, without autofocus")

    def _live_view(self, names: frozenset[str]) -> Check:
        row = self.vendor
        if row.live_view and row.live_view not in names:
            return Check(
                name="live view",
                ok=False,
                detail=f"{self.model} offers no live view to a computer",
                fix="use a body with live view; without it focus cannot be driven",
            )
        fix = "switch live view on at the camera" + ("" if self.start_live_view else ", or let stackcore do it")
        try:
            on = self.live_view.is_on()
            if not on and not self.start_live_view:
                return Check(name="live view", ok=False, detail="off", fix=fix)
            if not on and (against := self._prohibited(names)):
                return Check(
                    name="live view", ok=False, detail=against, fix="mend what the camera says, then try again"
                )
            if not on:
                self.live_view.switch_on()
            self.live_view.frame()
        except DriverError as error:
            return Check(name="live view", ok=False, detail=error.said or str(error), fix=fix)
        except NotReadyError as error:
            return Check(name="live view", ok=False, detail=error.why, fix=error.fix)
        return Check(name="live view", ok=True, detail="on")

    def _prohibited(self, names: frozenset[str]) -> str:
        """The body's own reasons against live view, or nothing."""
        row = self.vendor
        if not row.prohibited or row.prohibited not in names:
            return ""
        told = self._text(row.prohibited)
        if not told or row.permitted in told:
            return ""
        return f"the camera refuses: {told.rpartition(': ')[2]}"

    def _room(self) -> Check:
        room = free_frames(self.body)
        return Check(
            name="room on the card",
            ok=room is None or room > 0,
            detail="unknown" if room is None else f"{room} stills",
            fix="change the card, or --set camera.target=ram",
        )

    def _text(self, name: str) -> str:
        try:
            return str(self.body.read(name).value or "")
        except DriverError:
            return ""


def _judge(rule: FocusMode, manual: bool) -> Check:
    """Compare the focus mode with the vendor's rule."""
    wants_manual = rule.rule == "required" or (rule.rule == "warn" and rule.better == "manual")
    ok = manual == wants_manual
    advice = _MANUAL if wants_manual else _SWITCH
    return Check(
        name="focus mode",
        ok=ok,
        fatal=rule.rule != "warn",
        detail="manual" if manual else "autofocus",
        fix=advice if rule.rule != "warn" else f"{advice} if the lens does not move",
    )
