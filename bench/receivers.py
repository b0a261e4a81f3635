"""Reading a stream of events and handing each to a listener, on every transport, with each codec.

`Ours` feeds a FrameReader; `Theirs` is what a careful programmer writes around a decode function:
a length and a number before each message, all complete messages of a read handled in one loop,
leftovers kept. The transports are the same for both: asyncio streams, Protocol, BufferedProtocol
(each also on uvloop), and a thread on a blocking socket.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from struct import Struct
from time import perf_counter
from typing import Any, Protocol

from events import READ
from fastcil.codec import FrameReader

READ_SIZE = 256 * 1024
LENGTH_AND_ID = Struct("<II")
FIRST, SECOND, THIRD = READ


class Sink(Protocol):
    """Takes chunks, offers the buffer for the next one, counts what the listener got."""

    @property
    def seen(self) -> int: ...

    def data(self, chunk: bytes) -> None: ...
    def buffer(self) -> Any: ...
    def filled(self, count: int) -> None: ...


class Listener:
    """A program that wants three fields of every event."""

    def __init__(self) -> None:
        self.seen = 0
        self.last: tuple[Any, ...] = ()


class OurListener(Listener):
    def OnEvent(self, number: int, arguments: Any) -> None:
        self.last = arguments.get_many(FIRST, SECOND, THIRD)
        self.seen += 1


class DictListener(Listener):
    def OnEvent(self, number: int, arguments: Any) -> None:
        self.last = (arguments[FIRST], arguments[SECOND], arguments[THIRD])
        self.seen += 1


class StructListener(Listener):
    def OnEvent(self, number: int, arguments: Any) -> None:
        self.last = (
            arguments.UniqueObjectID,
            arguments.CallStatus,
            arguments.ICMEnterpriseUniqueID,
        )
        self.seen += 1


class Ours:
    def __init__(self) -> None:
        self.listener = OurListener()
        self.reader = FrameReader()

    @property
    def seen(self) -> int:
        return self.listener.seen

    def _dispatch(self, frames: Any) -> None:
        on_event = self.listener.OnEvent
        for frame in frames:
            on_event(frame.message_id, frame.arguments)

    def data(self, chunk: bytes) -> None:
        self._dispatch(self.reader.feed(chunk))

    def buffer(self) -> Any:
        return self.reader.get_buffer(READ_SIZE)

    def filled(self, count: int) -> None:
        self._dispatch(self.reader.buffer_updated(count))


class Theirs:
    def __init__(self, decode: Callable[[Any], Any], listener: Listener) -> None:
        self.decode, self.listener = decode, listener
        self.rest = b""
        self.memory = bytearray(READ_SIZE)
        self.view = memoryview(self.memory)
        self.end = 0

    @property
    def seen(self) -> int:
        return self.listener.seen

    def _messages(self, data: Any, end: int) -> int:
        """Handles all complete messages before `end`; returns where the rest begins."""
        unpack, decode, on_event = LENGTH_AND_ID.unpack_from, self.decode, self.listener.OnEvent  # type: ignore[attr-defined]
        at = 0
        while end - at >= 8:
            length, number = unpack(data, at)
            stop = at + 8 + length
            if stop > end:
                break
            on_event(number, decode(data[at + 8 : stop]))
            at = stop
        return at

    def data(self, chunk: bytes) -> None:
        if self.rest:
            chunk = self.rest + chunk
        self.rest = chunk[self._messages(chunk, len(chunk)) :]

    def buffer(self) -> Any:
        return self.view[self.end :]

    def filled(self, count: int) -> None:
        end = self.end + count
        at = self._messages(self.view, end)
        self.end = end - at
        if at and self.end:
            self.memory[: self.end] = self.memory[at:end]


def generic() -> Theirs:
    import msgspec

    return Theirs(msgspec.msgpack.Decoder().decode, DictListener())


def typed() -> Theirs:
    import msgspec

    struct = msgspec.defstruct("Wanted", [(FIRST, str), (SECOND, int), (THIRD, str)], gc=False)
    return Theirs(msgspec.msgpack.Decoder(struct).decode, StructListener())


SINKS: dict[str, Callable[[], Any]] = {"fastcil": Ours, "msgspec": generic, "msgspec Struct": typed}


class _Receiver:
    """What both kinds of protocol share: the sink, and a future that says the stream ended."""

    def __init__(self, sink: Sink, done: asyncio.Future[None]) -> None:
        self.sink, self.done = sink, done

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


class _Chunks(_Receiver, asyncio.Protocol):
    def data_received(self, data: bytes) -> None:
        self.sink.data(data)


class _Buffers(_Receiver, asyncio.BufferedProtocol):
    def get_buffer(self, sizehint: int) -> Any:
        return self.sink.buffer()

    def buffer_updated(self, nbytes: int) -> None:
        self.sink.filled(nbytes)


async def _protocol(connection: socket.socket, sink: Sink, kind: Any) -> None:
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()
    transport, _ = await loop.connect_accepted_socket(lambda: kind(sink, done), connection)
    transport.write(b"!")
    await done


async def _streams(connection: socket.socket, sink: Sink) -> None:
    reader, writer = await asyncio.open_connection(sock=connection, limit=READ_SIZE)
    writer.write(b"!")
    while chunk := await reader.read(READ_SIZE):
        sink.data(chunk)
    writer.close()


def _blocking(connection: socket.socket, sink: Sink) -> None:
    connection.setblocking(True)
    connection.sendall(b"!")
    while count := connection.recv_into(sink.buffer()):
        sink.filled(count)
    connection.close()


def _run(
    main: Callable[[socket.socket, Sink], Any], uvloop: bool
) -> Callable[[socket.socket, Sink], None]:
    def run(connection: socket.socket, sink: Sink) -> None:
        if uvloop:
            import uvloop as library

            loop: asyncio.AbstractEventLoop = library.new_event_loop()
        else:
            loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(main(connection, sink))
        finally:
            loop.close()

    return run


def transports() -> dict[str, Callable[[socket.socket, Sink], None]]:
    """Every way to receive, by name; without those of uvloop where it is not installed."""

    async def chunks(connection: socket.socket, sink: Sink) -> None:
        await _protocol(connection, sink, _Chunks)

    async def buffers(connection: socket.socket, sink: Sink) -> None:
        await _protocol(connection, sink, _Buffers)

    found: dict[str, Callable[[socket.socket, Sink], None]] = {"blocking socket": _blocking}
    programs = {"streams": _streams, "Protocol": chunks, "BufferedProtocol": buffers}
    for name, main in programs.items():
        found[f"asyncio {name}"] = _run(main, False)
    try:
        import uvloop  # noqa: F401
    except ImportError:
        return found
    for name, main in programs.items():
        found[f"uvloop {name}"] = _run(main, True)
    return found


def timed(
    run: Callable[[socket.socket, Sink], None], connection: socket.socket, sink: Sink
) -> float:
    """Seconds from the go sign until the last event was handled."""
    start = perf_counter()
    run(connection, sink)
    return perf_counter() - start
