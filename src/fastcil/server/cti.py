"""The server's one session with a CTI Server, and what it keeps up to date by it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping
from typing import Any

from fastcil.catalog import FailureCode
from fastcil.ged188 import NULL_USHORT, Message
from fastcil.ged188.enums import (
    ConfigInformationMask,
    CTIServiceMask,
    StatusCode,
    SystemEventID,
)
from fastcil.ged188.link import (
    Closed,
    ControlFailureError,
    CtiLink,
    DecodeProblem,
    LinkClosedError,
    LinkDownError,
    LinkError,
    LinkEvent,
    LinkLost,
    LinkLostError,
    LinkSettings,
    MessageReceived,
    Opened,
    Reconcile,
    RequestFailedError,
    RequestTimeoutError,
    SystemEvent,
)
from fastcil.ged188.link_settings import STANDBY_VERSION
from fastcil.ged188.schema import MESSAGES_BY_NAME
from fastcil.server.site.events import SiteEvent
from fastcil.server.site.places import Places
from fastcil.server.upstream import RequestFailed, SiteSource

__all__ = ["SERVICES", "CtiServer"]

_log = logging.getLogger("fastcil.server")

SERVICES = int(
    CTIServiceMask.CTI_SERVICE_ALL_EVENTS
    | CTIServiceMask.CTI_SERVICE_CLIENT_CONTROL
    | CTIServiceMask.CTI_SERVICE_CALL_DATA_UPDATE
    | CTIServiceMask.CTI_SERVICE_SUPERVISOR
)
"""What is asked for: events of everybody, control, call data, supervision. Source: System Manager
Guide, ServicesMask, whose further bit 0x200 no edition of GED-188 explains."""
_CONFIG = int(
    ConfigInformationMask.SKILL_GROUP | ConfigInformationMask.AGENT | ConfigInformationMask.DEVICE
)
_CONFIG_SECONDS = 15.0
_CONFIG_END = MESSAGES_BY_NAME["CONFIG_END_EVENT"].number
_CONFIGURATION = frozenset({_CONFIG_END, *Places.messages})
_TYPED_DEVICES = 13  # the version that SnapshotDeviceType came with; before, any was an agent's
_COLLECT_SECONDS = 10.0
_TURN = 64  # events of the link that are taken in before others have their turn
_RETRIES = 3  # of a snapshot of which requests were not answered, while the link is there


class _Requests:
    """The link as SiteSource knows it."""

    def __init__(self, link: CtiLink) -> None:
        self._link = link

    async def request(self, name: str, values: Mapping[str, Any]) -> Message:
        version = self._link.version
        if name == "SNAPSHOT_DEVICE_REQ" and version is not None and version < _TYPED_DEVICES:
            values = {key: value for key, value in values.items() if key != "SnapshotDeviceType"}
        try:
            return await self._link.request(name, values)
        except ControlFailureError as error:
            raise RequestFailed(
                int(error.failure_code), str(error), error.peripheral_error_code
            ) from error
        except RequestFailedError as error:
            raise RequestFailed(
                int(error.status), str(error), error.peripheral_error_code
            ) from error
        except RequestTimeoutError as error:
            raise asyncio.TimeoutError from error
        except (LinkDownError, LinkClosedError, LinkLostError) as error:
            raise RequestFailed(int(StatusCode.E_CTI_CTI_SERVER_OFFLINE), str(error)) from error
        except (LinkError, ValueError) as error:
            raise RequestFailed(int(StatusCode.E_CTI_UNSPECIFIED_FAILURE), str(error)) from error


class CtiServer:
    """Runs a link for a SiteSource: events in, requests out, snapshots when they are needed.

    peripherals: those of which agents are looked up; the ones that the CTI Server names are added.
    start() returns when the first session is open and the site is known.
    """

    def __init__(
        self,
        settings: LinkSettings,
        source: SiteSource,
        *,
        peripherals: Iterable[int] = (),
        link: CtiLink | None = None,
    ) -> None:
        self.settings = settings
        self.source = source
        self.link = CtiLink(settings) if link is None else link
        self.peripherals = set(peripherals)
        self.reconciled = 0
        """How often the state of the site was taken whole."""
        self._tasks: list[asyncio.Task[None]] = []
        self._reconciling: asyncio.Task[None] | None = None
        self._learning: asyncio.Task[None] | None = None
        self._again = False
        self._fresh = False
        self._inventoried: set[int] = set()
        self._known = asyncio.Event()
        self._configured = asyncio.Event()

    @property
    def known(self) -> bool:
        """Whether the state of the site was taken whole since the link was last lost."""
        return self._fresh

    async def start(self, timeout: float | None = 60.0) -> None:
        """Open the link and learn the site. Raises LinkError when there is no session in time."""
        stream = self.link.events()
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._listen(stream)), loop.create_task(self._collect())]
        await self.link.open(timeout)
        await asyncio.wait_for(self._known.wait(), timeout)

    async def stop(self) -> None:
        """Close the session."""
        await self.link.close()
        self._tasks += [task for task in (self._reconciling, self._learning) if task is not None]
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def _listen(self, stream: Any) -> None:
        async for event in stream:
            # Confirmations that came with it are answered first: they are what it follows from.
            # What stands behind it came with it, or earlier than anything that comes now.
            await asyncio.sleep(0)
            self.take_in([event, *stream.take(_TURN - 1)])

    def take_in(self, events: list[LinkEvent]) -> None:
        """Events of the link, in order: messages that follow each other in one go."""
        messages: list[Message] = []
        for event in events:
            if type(event) is MessageReceived:
                messages.append(event.message)
                if event.message.type in _CONFIGURATION:
                    self._configuration(event.message)
                continue
            if messages:
                self._messages(messages)
                messages = []
            try:
                self._event(event)
            except Exception:
                _log.exception("%s could not be taken in", type(event).__name__)
        if messages:
            self._messages(messages)

    def _messages(self, messages: list[Message]) -> None:
        try:
            self.source.messages(messages, time.monotonic())
        except Exception:
            _log.exception("%d messages could not be taken in whole", len(messages))

        if self.source.snapshots.missed and (self._learning is None or self._learning.done()):
            self._learning = asyncio.get_running_loop().create_task(self._learn())

    def _configuration(self, message: Message) -> None:
        if message.type == _CONFIG_END:
            self._configured.set()
            return
        try:
            self.source.snapshots.places.take(message)
        except Exception:
            _log.exception("%s could not be taken in", message.name)

    async def _learn(self) -> None:
        try:
            await self.source.snapshots.learn()
        except Exception:
            _log.exception("calls that began unseen could not be asked for")

    async def _collect(self) -> None:
        while True:
            await asyncio.sleep(_COLLECT_SECONDS)
            self.source.give(self.source.mapper.collect(time.monotonic()))

    def _event(self, event: LinkEvent) -> None:
        if isinstance(event, SystemEvent):
            if event.id == SystemEventID.SYS_PERIPHERAL_ONLINE:
                self.peripherals.add(event.arguments[0])
            self.source.message(event.message)
        elif isinstance(event, Opened):
            self._opened(event)
        elif isinstance(event, Reconcile):
            self._reconcile()
        elif isinstance(event, LinkLost):
            self.source.link = None
            self._fresh = False
            self._configured.set()  # its end will not come any more
            self._tell(SystemEventID.SYS_CTI_SERVER_OFFLINE, f"{event.reason.value}: {event.text}")
        elif isinstance(event, Closed):
            self.source.link = None
            self._configured.set()
        elif isinstance(event, DecodeProblem):
            _log.warning("side %s: %s", event.side, event.error)

    def _opened(self, event: Opened) -> None:
        lost = self.source.link is None and self.reconciled > 0
        self.source.link = _Requests(self.link)
        self._inventoried.clear()
        numbers: list[int] = event.open_conf.get("FltPeripheralID") or []
        self.peripherals.update(numbers)
        kind = event.open_conf.get("PeripheralType", NULL_USHORT)
        if len(numbers) == 1 and kind != NULL_USHORT:
            # Of several the guide says that it may be of any (OPEN_CONF, PeripheralType).
            self.source.mapper.objects.peripheral_types.setdefault(numbers[0], kind)
        if lost:
            self._tell(SystemEventID.SYS_CTI_SERVER_ONLINE, "The CTI Server is on-line")

    def _tell(self, number: SystemEventID, text: str) -> None:
        """OnCTIOSFailure of the server's own making."""
        values = {
            "FailureCode": int(FailureCode.eServerConnectionStatus),
            "SystemEventID": int(number),
            "SystemEventArg1": 0,
            "ErrorMessage": text,
        }
        self.source.give([SiteEvent("OnCTIOSFailure", values)])

    def _reconcile(self) -> None:
        """Take the state anew; once more afterwards when that was asked for meanwhile, and a few
        times more while requests are not answered."""
        if self._reconciling is not None and not self._reconciling.done():
            self._again = True
            return
        self._reconciling = asyncio.get_running_loop().create_task(self._take())

    async def _take(self) -> None:
        retries = _RETRIES
        while True:
            self._again = False
            unanswered = 0
            try:
                await self._inventory()
                unanswered = await self.source.reconcile()
            except Exception:
                _log.exception("the state of the site could not be taken")
            else:
                self.reconciled += 1
                self._fresh = self.source.link is not None
                if unanswered:
                    _log.warning("%d requests of the snapshot were not answered", unanswered)
            self._known.set()
            retries -= 1
            if not self._again and not (unanswered and retries and self.source.link):
                return

    async def _inventory(self) -> None:
        """Ask each peripheral once a session who works there, and in which skill groups
        (configuration messages came with version 19)."""
        version = self.link.version or 0
        if version < 19:
            return
        for peripheral in sorted(self.peripherals - self._inventoried):
            self._inventoried.add(peripheral)
            self._configured.clear()
            values: dict[str, Any] = {"ConfigInformation": _CONFIG, "PeripheralID": peripheral}
            if version >= STANDBY_VERSION:
                values["ConfigMsgMask"] = _CONFIG
            try:
                self.link.send("CONFIG_REQUEST_EVENT", values)
                await asyncio.wait_for(self._configured.wait(), _CONFIG_SECONDS)
            except (asyncio.TimeoutError, LinkError) as error:
                _log.info("no configuration of peripheral %d: %s", peripheral, error or "no answer")
