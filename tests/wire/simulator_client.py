"""A scripted GED-188 client on a real socket, for the simulator's tests."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any, ClassVar

from fastcil.ged188 import NULL_UINT, Message, MessageReader, encode_message
from fastcil.ged188.enums import CTIServiceMask as Service
from fastcil.simulator import LinkOptions, Simulator, SimulatorOptions, SiteOptions

__all__ = ["SECONDS", "VERSIONS", "WireClient", "options", "run"]

SECONDS = 20.0  # a limit, never a wait
VERSIONS = (9, 14, 19, 20, 25)


def options(
    agents: int = 6, *, standby: bool = False, link: dict[str, Any] | None = None, **more: Any
) -> SimulatorOptions:
    """A small site: agents 1001 (a supervisor) on, at extensions 20001 on; time moves by hand."""
    return SimulatorOptions(
        site=SiteOptions(agents=agents, skill_groups=2, groups_per_agent=1, seed=3),
        link=LinkOptions(**{"protocol_version": 25, **(link or {})}),
        standby_port=0 if standby else None,
        **more,
    )


def run(script: Callable[[], Awaitable[None]]) -> None:
    """Run a test's coroutine; a hang is a failure."""

    async def limited() -> None:
        try:
            async with asyncio.timeout(SECONDS):
                await script()
        finally:
            while WireClient.made:
                await WireClient.made.pop().close()

    asyncio.run(limited())


class WireClient:
    """One connection. Events that come while an answer is awaited are kept in `events`."""

    made: ClassVar[list[WireClient]] = []

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, version: int
    ) -> None:
        self.reader = reader
        self.writer = writer
        self.version = version
        self.events: list[Message] = []
        self._messages = MessageReader(version)
        self._invoke = count(100)

    @classmethod
    async def connect(
        cls, simulator: Simulator, version: int = 25, *, standby: bool = False
    ) -> WireClient:
        port = simulator.standby_port if standby else simulator.port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        found = cls(reader, writer, version)
        cls.made.append(found)
        return found

    async def next(self) -> Message:
        """The next message. Raises EOFError at the end of the stream, ConnectionError on RST."""
        while True:
            found = next(self._messages, None)
            if found is not None:
                return found
            data = await self.reader.read(65536)
            if not data:
                self._messages.finish()
                raise EOFError
            self._messages.feed(data)

    def send(self, name: str, **values: Any) -> int:
        """A message; returns its InvokeID."""
        invoke_id = values.setdefault("InvokeID", next(self._invoke))
        if invoke_id is None:
            del values["InvokeID"]
        self.writer.write(encode_message(name, values, version=self.version))
        return invoke_id or 0

    async def ask(self, name: str, **values: Any) -> Message:
        """A request and what answers it."""
        invoke_id = self.send(name, **values)
        while True:
            found = await self.next()
            if found.get("InvokeID") == invoke_id:
                return found
            self.events.append(found)

    async def event(self, name: str) -> Message:
        """The next event of a name; those before it are thrown away."""
        while True:
            found = self.events.pop(0) if self.events else await self.next()
            if found.name == name:
                return found

    async def until(self, name: str) -> list[str]:
        """The names of all events up to the next of a name."""
        names: list[str] = []
        while not names or names[-1] != name:
            found = self.events.pop(0) if self.events else await self.next()
            names.append(found.name)
        return names

    async def ended(self) -> type[Exception]:
        """EOFError or ConnectionResetError: how the server ended the connection."""
        try:
            while True:
                self.events.append(await self.next())
        except (EOFError, ConnectionResetError) as error:
            return type(error)

    async def open(self, **values: Any) -> Message:
        """The answer to OPEN_REQ; of a client for all events unless it is said otherwise."""
        found: dict[str, Any] = {
            "VersionNumber": self.version,
            "IdleTimeout": 120,
            "PeripheralID": NULL_UINT,
            "ServicesRequested": int(Service.CTI_SERVICE_ALL_EVENTS),
            "CallMsgMask": 0xFFFFFFFF,
            "AgentStateMask": 0x3FFF,
            "ConfigMsgMask": 0,
            "Reserved1": 0,
            "Reserved2": 0,
            "Reserved3": 0,
            "ClientID": "tester",
            "ClientPassword": b"",
            **values,
        }
        return await self.ask("OPEN_REQ", **found)

    async def open_desk(self, instrument: str, **values: Any) -> Message:
        """OPEN_CONF of a desktop at an instrument."""
        services = (
            Service.CTI_SERVICE_CLIENT_EVENTS
            | Service.CTI_SERVICE_CLIENT_CONTROL
            | Service.CTI_SERVICE_CALL_DATA_UPDATE
        )
        return await self.open(
            **{
                "ClientID": f"desk {instrument}",
                "ServicesRequested": int(services),
                "PeripheralID": 5000,
                "AgentInstrument": instrument,
                **values,
            }
        )

    async def close(self) -> None:
        """Go away without a word; run() does it for every client at the end."""
        self.writer.transport.abort()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()
