"""A simulated site for programs of threads, and a telephone written for each face."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from agent_kit import PERIPHERAL, AgentSite, site

from fastcil.catalog import AgentState, CilError, event_id
from fastcil.cil import AllInOneAdapter
from fastcil.compat import cpp, dotnet, java

SECONDS = 10.0  # a limit, never a wait
OK = CilError.CIL_OK


class ThreadSite:
    """The site and its server, on a thread of their own."""

    def __init__(self, found: AgentSite, loop: asyncio.AbstractEventLoop) -> None:
        self._site = found
        self._loop = loop
        self.ports = [service.server.port for service in found.services]
        self.port = self.ports[0]
        self.instruments = [found.instrument(place) for place in range(6)]
        self.passwords = {f"{number}": found.password(f"{number}") for number in range(1001, 1005)}
        self.team = next(iter(found.simulator.site.teams.values())).id

    def advance(self, seconds: float) -> None:
        """Let simulated time pass."""
        self._loop.call_soon_threadsafe(self._site.advance, seconds)

    def on(self, work: Callable[[AgentSite], Any]) -> Any:
        """What work gives, done where the site runs."""

        async def here() -> Any:
            return work(self._site)

        return asyncio.run_coroutine_threadsafe(here(), self._loop).result(SECONDS)

    def kill(self, port: int) -> None:
        """A server ends without a word: its connections are reset."""

        async def here() -> None:
            service = self._site.services[self.ports.index(port)]
            assert service.server._server is not None
            service.server._server.close()
            for client in list(service.server._clients):
                assert client._transport is not None
                client._transport.abort()
            self._site.simulator.faults.resume()  # should it hang
            await service.stop()

        asyncio.run_coroutine_threadsafe(here(), self._loop).result(SECONDS)


@contextlib.contextmanager
def thread_site(text: str = "", servers: int = 1) -> Iterator[ThreadSite]:
    """A site that runs until the end of the block."""
    ready: list[ThreadSite | BaseException] = []
    started, stop = threading.Event(), threading.Event()

    async def main() -> None:
        async with site(text, servers=servers) as found:
            loop = asyncio.get_running_loop()
            ready.append(ThreadSite(found, loop))
            started.set()
            await loop.run_in_executor(None, stop.wait)

    def work() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:
            ready.append(error)
        finally:
            started.set()

    thread = threading.Thread(target=work, name="site")
    thread.start()
    try:
        assert started.wait(SECONDS)
        found = ready[0]
        if isinstance(found, BaseException):
            raise found
        yield found
    finally:
        stop.set()
        thread.join(SECONDS)
    assert len(ready) == 1, ready[1:]


class Heard:
    """What a listener noted: for the test to wait for, in order."""

    def __init__(self) -> None:
        self._events: list[tuple[int, dict[str, str]]] = []
        self._seen = 0
        self._changed = threading.Condition()

    def put(self, number: int, fields: dict[str, str]) -> None:
        with self._changed:
            self._events.append((number, fields))
            self._changed.notify_all()

    def next(self, name: str, **fields: Any) -> dict[str, str]:
        """The next event of a name and with these fields; those before it are passed over."""
        wanted = event_id(name)
        wants = {key: str(value) for key, value in fields.items()}
        deadline = time.monotonic() + SECONDS
        with self._changed:
            while True:
                while self._seen < len(self._events):
                    number, found = self._events[self._seen]
                    self._seen += 1
                    if number == wanted and wants.items() <= found.items():
                        return found
                if not self._changed.wait(deadline - time.monotonic()):
                    numbers = [number for number, _ in self._events]
                    raise AssertionError(f"{name} {fields} did not come: {numbers}")


# What a telephone reads of every event.
FIELDS = (
    "UniqueObjectID",
    "AgentState",
    "CallStatus",
    "FailureCode",
    "ErrorMessage",
    "Message",
    "EnablementMask",
    "MonitoringIPAddress",
)


class Phone:
    """A program with a session; what is said alike in all three languages."""

    face: Any
    agent: Any

    def __init__(self, place: ThreadSite, agent_id: str, device: int) -> None:
        self.site = place
        self.agent_id = agent_id
        self.instrument = place.instruments[device]
        self.heard = Heard()
        self.session = self.new_session()
        self.listen()

    def new_session(self) -> Any:
        raise NotImplementedError

    def listen(self) -> None:
        """Subscribes to everything, as the language does it."""
        raise NotImplementedError

    def args(self, **values: Any) -> Any:
        """Arguments, filled as the language does it."""
        raise NotImplementedError

    def text(self, source: Any, key: str) -> str | None:
        """A value of an object or of arguments, read as the language does it."""
        raise NotImplementedError

    def calls(self) -> list[Any]:
        """All calls of the session."""
        raise NotImplementedError

    def note(self, number: int, rArgs: Any) -> None:
        found = {key: self.text(rArgs, key) for key in FIELDS}
        self.heard.put(int(number), {k: v for k, v in found.items() if v is not None})

    def connect(self) -> None:
        host, ports = "127.0.0.1", self.site.ports
        sides = self.args(CtiosA=host, PortA=ports[0], CtiosB=host, PortB=ports[-1])
        assert self.session.Connect(sides) == OK
        self.heard.next("OnConnection")

    def mode(self) -> None:
        """Agent mode."""
        self.agent = self.face.Agent()
        assert self.agent.SetValue("AgentID", self.agent_id)
        assert self.agent.SetValue("PeripheralID", PERIPHERAL)
        assert self.session.SetAgent(self.agent) == OK
        self.heard.next("OnSetAgentModeEvent")

    def login(self) -> None:
        arguments = self.args(
            AgentID=self.agent_id,
            AgentInstrument=self.instrument,
            AgentPassword=self.site.passwords[self.agent_id],
        )
        assert self.agent.Login(arguments) == OK
        self.state(AgentState.eNotReady)

    def state(self, state: AgentState) -> None:
        while self.agent.GetAgentState() != state:
            self.heard.next("OnAgentStateChange")

    def start(self) -> None:
        self.connect()
        self.mode()
        self.login()

    def key(self, one: Any) -> str:
        found = self.text(one, "UniqueObjectID")
        assert found
        return found

    @property
    def call(self) -> Any:
        """The current call."""
        found = self.session.GetCurrentCall()
        assert found is not None
        return found

    def stop(self) -> None:
        if self.session.Disconnect(self.args(ForcedDisconnect=1)) == OK:
            self.heard.next("OnConnectionClosed")
        self.session.disconnect()  # the threads end


class JavaPhone(Phone):
    face = java

    def new_session(self) -> java.CtiOsSession:
        return java.CtiOsSession()

    def listen(self) -> None:
        phone = self

        class Listener(java.IGenericEvents):
            def OnEvent(self, iEventID: int, rArgs: Any, /) -> None:
                phone.note(iEventID, rArgs)

        self.listener = Listener()
        every = java.CtiOs_Enums.SubscriberList.eAllInOneList
        assert self.session.AddEventListener(self.listener, every) == OK

    def args(self, **values: Any) -> java.Arguments:
        found = java.Arguments()
        for key, value in values.items():
            assert found.SetValue(key, self.args(**value) if isinstance(value, dict) else value)
        return found

    def text(self, source: Any, key: str) -> str | None:
        found: str | None = source.GetValueString(key)
        return found

    def calls(self) -> list[Any]:
        every = self.session.GetAllCalls()
        assert every is not None
        found = []
        for index in range(1, every.NumElements() + 1):
            reference = every.GetElement(index)
            assert isinstance(reference, java.CilRefArg)
            found.append(reference.GetValue())
        return found


class DotNetPhone(Phone):
    face = dotnet

    def new_session(self) -> dotnet.CtiOsSession:
        return dotnet.CtiOsSession()

    def listen(self) -> None:
        phone = self

        class Listener(dotnet.IGenericEvents):
            def OnEvent(self, sender: Any, eventArgs: Any, /) -> None:
                assert isinstance(eventArgs, dotnet.EventPublisher.EventPublisherEventArgs)
                phone.note(eventArgs.iEventID, eventArgs.rArgs)

        self.listener = Listener()
        every = dotnet.SubscriberList.eAllInOneList
        assert self.session.AddEventListener(self.listener, every) == OK

    def args(self, **values: Any) -> dotnet.Arguments:
        found = dotnet.Arguments()
        for key, value in values.items():
            assert found.SetValue(key, self.args(**value) if isinstance(value, dict) else value)
        return found

    def text(self, source: Any, key: str) -> str | None:
        found, value = source.GetValueString(key)
        return value if found else None

    def calls(self) -> list[Any]:
        every = self.session.GetAllCalls()
        assert every is not None
        found = []
        for index in range(1, every.NumElements() + 1):
            there, reference = every.GetElement(index)
            assert there
            assert isinstance(reference, dotnet.CilRefArg)
            known, call = reference.GetValue()
            assert known
            found.append(call)
        return found


class CppPhone(Phone):
    face = cpp

    def new_session(self) -> cpp.CCtiOsSession:
        return cpp.CCtiOsSession()

    def listen(self) -> None:
        self.sink = Sink(self)
        assert self.session.AddAllInOneEventListener(self.sink) == OK

    def args(self, **values: Any) -> cpp.Arguments:
        found = cpp.Arguments.CreateInstance()
        assert isinstance(found, cpp.Arguments)
        for key, value in values.items():
            assert found.AddItem(key, self.args(**value) if isinstance(value, dict) else value)
        return found

    def text(self, source: Any, key: str) -> str | None:
        value: cpp.Out[str] = cpp.Out()
        return value.value if source.GetValueString(key, value) else None

    def calls(self) -> list[Any]:
        every = self.session.GetAllCalls()
        found = []
        for index in range(1, every.NumElements() + 1):
            pointer: cpp.Out[Any] = cpp.Out()
            assert every.GetElement(index, pointer)
            assert isinstance(pointer.value, cpp.CILRefArg)
            found.append(pointer.value.GetValue())
        return found


class Sink(AllInOneAdapter):
    """An event sink that notes every event by the name of its method."""

    def __init__(self, phone: Phone) -> None:
        self._phone = phone

    def __getattribute__(self, name: str) -> Any:
        number = event_id(name) if name.startswith("On") else 0
        if not number:
            return super().__getattribute__(name)
        phone = self._phone
        return lambda rArgs: phone.note(number, rArgs)


TALKING = (AgentState.eTalking, AgentState.eHold)
PHONES: list[type[Phone]] = [JavaPhone, DotNetPhone, CppPhone]


@contextlib.contextmanager
def phones(kind: type[Phone], place: ThreadSite, count: int) -> Iterator[list[Phone]]:
    """Telephones of agents who are logged in, and log out at the end."""
    with contextlib.ExitStack() as stack:
        found = []
        for number in range(count):
            phone = kind(place, str(1001 + number), number)
            stack.callback(phone.stop)
            phone.start()
            stack.callback(log_out, phone)
            found.append(phone)
        yield found


def log_out(phone: Phone) -> None:
    """Logs out, with its three events in order."""
    if phone.session.GetCurrentAgent() is None:
        return
    while phone.agent.GetAgentState() in TALKING:  # a call's end is told before its agent's state
        phone.heard.next("OnAgentStateChange")
    assert phone.agent.Logout(phone.args(EventReasonCode=1)) == OK
    phone.heard.next("OnPreLogout")
    phone.heard.next("OnAgentStateChange", AgentState=int(AgentState.eLogout))
    phone.heard.next("OnPostLogout")


def talk(caller: Phone, called: Phone) -> Any:
    """A call that was answered; that of the caller."""
    assert caller.agent.MakeCall(caller.args(DialedNumber=called.instrument)) == OK
    called.heard.next("OnCallDelivered")
    called.heard.next("OnButtonEnablementChange")
    assert called.call.Answer() == OK
    called.heard.next("OnCallEstablished")
    caller.heard.next("OnCallEstablished")
    return caller.call
