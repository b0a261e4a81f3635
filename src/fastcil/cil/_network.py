"""The two threads and the socket of a threaded session, from Connect to OnConnectionClosed."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import selectors
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Any, Callable

from fastcil.cil import events
from fastcil.cil._iterate import EventHub
from fastcil.cil.core import Action, Close, Deliver, Open, Send, SessionCore, State
from fastcil.cil.dispatch import Dispatcher
from fastcil.cil.stream import FrameStream
from fastcil.codec import Frame

__all__ = ["Network"]

logger = logging.getLogger("fastcil.cil")

_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_QUEUE_FRAMES = 8192  # events that wait for listeners before reading pauses
_CLOSE_SECONDS = 1.0  # for what is not sent yet


class _Queue:
    """Batches of events on their way to the event thread."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._batches: deque[Sequence[Frame]] = deque()
        self._count = 0

    def put(self, batch: Sequence[Frame]) -> bool:
        """Adds a batch; True when enough wait."""
        with self._condition:
            self._batches.append(batch)
            self._count += len(batch)
            self._condition.notify()
            return self._count >= _QUEUE_FRAMES

    def get(self) -> Sequence[Frame]:
        """The next batch, when there is one."""
        with self._condition:
            while not self._batches:
                self._condition.wait()
            batch = self._batches.popleft()
            self._count -= len(batch)
            return batch

    def low(self) -> bool:
        """Whether few enough wait that reading may go on."""
        return self._count <= _QUEUE_FRAMES // 2

    def clear(self) -> None:
        """Drops what waits."""
        with self._condition:
            self._batches.clear()
            self._count = 0


class Network:
    """Runs a core: only the network thread touches it."""

    def __init__(
        self,
        core: SessionCore,
        dispatcher: Dispatcher,
        hub: EventHub,
        previous: Network | None = None,
    ) -> None:
        """previous: of the same session, whose last listener may still run."""
        self.core = core
        self._previous = previous
        self._told = threading.Event()  # the last listener of this one is done
        self._dispatcher = dispatcher
        self._hub = hub
        self._queue = _Queue()
        self._commands: deque[Callable[[], None]] = deque()
        self._selector = selectors.DefaultSelector()
        self._wake_in, self._wake_out = socket.socketpair()
        for end in (self._wake_in, self._wake_out):
            end.setblocking(False)
        self._selector.register(self._wake_in, selectors.EVENT_READ)
        self._wake_lock = threading.Lock()
        self._closed = False
        self._sock: socket.socket | None = None
        self._addresses: deque[tuple[Any, ...]] = deque()
        self._stream = FrameStream(core.max_frame)
        self._output = bytearray()
        self._paused = False
        self._shaking = False  # the TLS handshake is under way
        self._over = False  # the last event is queued
        self._ended = threading.Event()  # the network thread touches nothing any more
        self._final = threading.Event()
        self._event_thread = threading.Thread(
            target=self._run_events, name="fastcil-events", daemon=True
        )
        self._thread = threading.Thread(
            target=self._run_network, name="fastcil-network", daemon=True
        )

    # --- for any thread -------------------------------------------------------------------------

    @property
    def finished(self) -> bool:
        """Whether OnConnectionClosed or OnConnectionRejected was delivered."""
        return self._final.is_set()

    def start(self) -> None:
        """Starts both threads and the first try of a core that was told to connect."""
        self._event_thread.start()
        self._thread.start()

    def call(self, command: Callable[[], None]) -> None:
        """Has the network thread run something."""
        self._commands.append(command)
        self._wake()

    def disconnect(self) -> None:
        """Disconnect, before everything else that waits."""
        self._commands.appendleft(self.core.disconnect)
        self._wake()

    def is_event_thread(self) -> bool:
        """Whether the caller is the thread that calls the listeners."""
        previous = self._previous
        return threading.current_thread() is self._event_thread or (
            previous is not None and previous.is_event_thread()
        )

    def join(self, timeout: float | None) -> None:
        """Waits for both threads."""
        for thread in (self._thread, self._event_thread):
            if thread is not threading.current_thread():
                thread.join(timeout)

    def _wake(self) -> None:
        with self._wake_lock:
            if not self._closed:
                # A full pipe wakes as well.
                with contextlib.suppress(BlockingIOError):
                    self._wake_out.send(b"\0")

    # --- the event thread -----------------------------------------------------------------------

    def _run_events(self) -> None:
        try:
            if self._previous is not None:
                # One listener at a time: the one of OnConnectionClosed may have connected again.
                self._previous._told.wait()
                self._previous = None
            self._deliver_all()
        finally:
            self._told.set()

    def _deliver_all(self) -> None:
        last = (events.CONNECTION_CLOSED, events.CONNECTION_REJECTED)
        while True:
            batch = self._queue.get()
            final = batch[-1].message_id in last
            if final:
                self._dispatcher.mute(False)
                # Not join(): others join as well, and threads of Python 3.9 are not safe then.
                self._ended.wait()
                self._final.set()
            self._dispatch(batch)
            self._hub.put(batch)
            if final:
                self._hub.close()
                self._hub.end_watches()
                return
            if self._paused and self._queue.low():
                self._wake()

    def _dispatch(self, batch: Sequence[Frame]) -> None:
        frames = iter(batch)
        while True:
            try:
                self._dispatcher.dispatch_batch(frames)
                return
            except BaseException:
                # sys.exit() in a listener ends neither the thread nor the other events.
                logger.exception("a listener tried to end the event thread")

    # --- the network thread ---------------------------------------------------------------------

    def _run_network(self) -> None:
        try:
            while True:
                self._act()
                if self._over:
                    break
                self._turn()
        except Exception as error:
            # Nothing is left half open: the session ends as if it had been closed.
            logger.exception("the network thread failed", extra={"error": repr(error)})
            self.core.disconnect()
            self._act()
        finally:
            try:
                self._leave()
            finally:
                self._ended.set()

    def _leave(self) -> None:
        """The last event is on its way, and nothing stays open."""
        if not self._over:
            self._queue.put([events.connection_closed()])
        with self._wake_lock:
            self._closed = True
            self._drop()
            self._selector.close()
            self._wake_in.close()
            self._wake_out.close()

    def _turn(self) -> None:
        """Waits for one round of what can happen, and tells the core."""
        # Asked before waiting: the event thread wakes only a network thread that has paused.
        if self._paused and self._queue.low():
            self._pause(False)
        deadline = self.core.deadline
        timeout = None if deadline is None else max(0.0, deadline - time.monotonic())
        if self._decrypted():
            timeout = 0.0
        for key, mask in self._selector.select(timeout):
            if key.fileobj is self._wake_in:
                with contextlib.suppress(BlockingIOError):
                    self._wake_in.recv(4096)
            elif key.fileobj is self._sock:
                self._ready(mask)
        if self._decrypted() and self._sock is not None:
            self._read(self._sock)
        while self._commands:
            self._commands.popleft()()
        self.core.tick(time.monotonic())

    def _decrypted(self) -> bool:
        """Whether TLS has bytes of which the socket tells nothing any more."""
        sock = self._sock
        if self._paused or self._shaking or not isinstance(sock, ssl.SSLSocket):
            return False
        return sock.pending() > 0

    def _ready(self, mask: int) -> None:
        if self.core.state is State.CONNECTING:
            if self._shaking:
                self._shake()
            else:
                self._connected()
            return
        if mask & selectors.EVENT_WRITE:
            self._flush()
        if mask & selectors.EVENT_READ and self._sock is not None and not self._paused:
            self._read(self._sock)

    def _read(self, sock: socket.socket) -> None:
        now = time.monotonic()
        try:
            count = sock.recv_into(self._stream.get_buffer())
        except _NOT_NOW:
            return
        except OSError as error:
            self.core.closed(now, str(error))
            return
        if count == 0:
            self.core.closed(now)
            return
        frames = self._stream.updated(count)
        if frames:
            self.core.received(now, frames)
        if self._stream.error is not None:
            self.core.broken(now, self._stream.error)

    def _act(self) -> None:
        while True:
            actions = self.core.take()
            if not actions:
                return
            for action in actions:
                self._do(action)

    def _do(self, action: Action) -> None:
        if isinstance(action, Deliver):
            frames = action.frames
            final = frames[-1].message_id in (
                events.CONNECTION_CLOSED,
                events.CONNECTION_REJECTED,
            )
            if frames[-1].message_id == events.CONNECTION_CLOSED:
                self._queue.clear()
            self._over = self._over or final
            if self._queue.put(frames) and not self._paused and not final:
                self._pause(True)
        elif isinstance(action, Send):
            self._output += action.data
            self._flush()
        elif isinstance(action, Open):
            self._open(action.host, action.port)
        elif isinstance(action, Close):
            self._finish()

    def _open(self, host: str, port: int) -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, ValueError) as error:  # ValueError: a host name that cannot be one
            self.core.closed(time.monotonic(), str(error))
            return
        self._addresses = deque(found)
        self._next_address("no address")

    def _next_address(self, text: str) -> None:
        """Begins to connect to the next address of the host."""
        while self._addresses:
            family, kind, protocol, _, address = self._addresses.popleft()
            try:
                sock = socket.socket(family, kind, protocol)
            except OSError as error:
                text = str(error)
                continue
            sock.setblocking(False)
            code = sock.connect_ex(address)
            if code in (0, errno.EINPROGRESS, errno.EWOULDBLOCK):
                self._sock = sock
                self._selector.register(sock, selectors.EVENT_WRITE)
                return
            sock.close()
            text = os.strerror(code)
        self.core.closed(time.monotonic(), text)

    def _connected(self) -> None:
        sock = self._sock
        if sock is None:
            return
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self._drop()
            self._next_address(os.strerror(code))
            return
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        settings = self.core.settings
        if settings is not None and settings.tls is not None:
            self._selector.unregister(sock)
            try:
                sock = settings.tls.wrap_socket(
                    sock, server_hostname=self.core.server[0], do_handshake_on_connect=False
                )
            except (OSError, ValueError) as error:
                sock.close()
                self._sock = None
                self.core.closed(time.monotonic(), f"TLS: {error}")
                return
            self._sock, self._shaking = sock, True
            self._selector.register(sock, selectors.EVENT_WRITE)
            self._shake()
            return
        self._opened(sock)

    def _shake(self) -> None:
        """Goes on with the TLS handshake."""
        sock = self._sock
        if not isinstance(sock, ssl.SSLSocket):
            return
        try:
            sock.do_handshake()
        except ssl.SSLWantReadError:
            self._selector.modify(sock, selectors.EVENT_READ)
        except ssl.SSLWantWriteError:
            self._selector.modify(sock, selectors.EVENT_WRITE)
        except (OSError, ValueError) as error:
            self._drop()
            self.core.closed(time.monotonic(), f"TLS: {error}")
        else:
            self._shaking = False
            self._opened(sock)

    def _opened(self, sock: socket.socket) -> None:
        """The connection is there."""
        self._stream = FrameStream(self.core.max_frame)
        self._output.clear()
        self._paused = False
        self._selector.modify(sock, selectors.EVENT_READ)
        self.core.opened(time.monotonic())

    def _flush(self) -> None:
        sock = self._sock
        if sock is None or self.core.state is State.CONNECTING:
            return
        while self._output:
            try:
                count = sock.send(self._output)
            except _NOT_NOW:
                break
            except OSError:
                self._output.clear()  # reading will tell
                break
            del self._output[:count]
        self._watch()

    def _watch(self) -> None:
        """Waits for what matters now: bytes to read unless paused, room for bytes to send."""
        sock = self._sock
        if sock is None:
            return
        mask = 0 if self._paused else selectors.EVENT_READ
        if self._output:
            mask |= selectors.EVENT_WRITE
        if sock.fileno() in self._selector.get_map():
            if mask:
                self._selector.modify(sock, mask)
            else:
                self._selector.unregister(sock)
        elif mask:
            self._selector.register(sock, mask)

    def _pause(self, paused: bool) -> None:
        self._paused = paused
        self.core.pause(time.monotonic(), paused)
        self._watch()

    def _finish(self) -> None:
        """Sends what is left, within a moment, and closes."""
        sock = self._sock
        if sock is not None and self._output:
            with contextlib.suppress(OSError):
                sock.settimeout(_CLOSE_SECONDS)
                sock.sendall(self._output)
        self._output.clear()
        self._drop()

    def _drop(self) -> None:
        sock, self._sock = self._sock, None
        self._shaking = False
        if sock is None:
            return
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(sock)
        sock.close()
