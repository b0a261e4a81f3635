"""An agent's telephone in text mode: log in, take calls, hand them on, wrap up, log out.

Start a site whose agents wait for you, in one terminal:

    fastcil serve --agents 6 --calls-per-hour 0

and two telephones in two more, which then call each other:

    python examples/phone.py --agent 1001 --instrument 20001
    python examples/phone.py --agent 1002 --instrument 20002

Commands are read from standard input; "help" lists them. A script can wait for events:

    printf 'login\\nready\\nwait OnCallDelivered\\nanswer\\n' | python examples/phone.py
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import chain
from typing import Any

import starting

import fastcil
from fastcil.catalog import EVENTS_BY_ID, AgentState, ButtonEnablement, CallStatus, event_id
from fastcil.cil import Agent, AsyncSession, Call, SessionError

BUTTONS = event_id("OnButtonEnablementChange")
SHOWN = (
    "OnAgentStateChange",
    "OnCallBegin",
    "OnCallDelivered",
    "OnCallEstablished",
    "OnCallHeld",
    "OnCallRetrieved",
    "OnCallTransferred",
    "OnCallConferenced",
    "OnCallDataUpdate",
    "OnCallEnd",
    "OnChatMessage",
    "OnControlFailureConf",
    "OnCTIOSFailure",
    "OnConnectionFailure",
    "OnPostLogout",
)


class Phone:
    """One agent: commands in, words out."""

    def __init__(self, session: AsyncSession, options: argparse.Namespace) -> None:
        self.session = session
        self.options = options
        self.agent = Agent()
        self.agent.set_value("AgentID", options.agent)
        self.agent.set_value("PeripheralID", options.peripheral)
        self._heard: asyncio.Queue[str] = asyncio.Queue()
        self._buttons = ""
        self.commands: dict[str, Callable[..., Awaitable[None]]] = {
            name.removeprefix("do_"): getattr(self, name)
            for name in dir(self)
            if name.startswith("do_")
        }

    # -- events ------------------------------------------------------------------------------

    def OnEvent(self, iEventID: int, rArgs: Any) -> None:
        """Called for every event, in order."""
        if iEventID == BUTTONS:
            mask = ButtonEnablement(rArgs.get_uint("EnablementMask") & 0xFFFFFFFF)
            names = [b.name.removeprefix("ENABLE_").lower() for b in mask if b.name]
            buttons = " ".join(name for name in names if not name.startswith("disable"))
            if buttons != self._buttons:
                self._buttons = buttons
                say(f"  buttons: {buttons}")
        event = EVENTS_BY_ID.get(iEventID)
        if event is None:
            return
        if event.callback in SHOWN:
            say(f"< {event.callback} {describe(event.callback, rArgs)}")
        self._heard.put_nowait(event.callback)

    # -- commands ----------------------------------------------------------------------------

    @property
    def call(self) -> Call:
        """The current call; the engine chooses when there is only one."""
        if self.session.current_call is None:
            raise ValueError("there is no current call: 'calls' lists them, 'use N' chooses")
        return self.session.current_call

    async def do_help(self) -> None:
        """the commands"""
        for name, command in sorted(self.commands.items()):
            say(f"  {name:12} {command.__doc__}")

    async def do_login(self, instrument: str = "") -> None:
        """log in [at an instrument]"""
        await self.agent.login(
            agent_id=self.options.agent,
            agent_instrument=instrument or self.options.instrument,
            agent_password=self.options.password or f"p{self.options.agent}",
        )

    async def do_logout(self, reason: str = "1") -> None:
        """log out [with a reason code]"""
        if self.agent.get_agent_state() != AgentState.eNotReady:
            await self.agent.set_agent_state(agent_state=AgentState.eNotReady)
        await self.agent.logout(event_reason_code=int(reason))

    async def do_ready(self) -> None:
        """take calls"""
        await self.agent.set_agent_state(agent_state=AgentState.eAvailable)

    async def do_notready(self, reason: str = "0") -> None:
        """take no calls [for a reason]"""
        await self.agent.set_agent_state(
            agent_state=AgentState.eNotReady, event_reason_code=int(reason)
        )

    async def do_call(self, number: str) -> None:
        """call a number"""
        await self.agent.make_call(dialed_number=number)

    async def do_answer(self) -> None:
        """answer"""
        await self.call.answer()

    async def do_hold(self) -> None:
        """hold"""
        await self.call.hold()

    async def do_retrieve(self) -> None:
        """take the call off hold"""
        await self.call.retrieve()

    async def do_consult(self, number: str) -> None:
        """call somebody about this call"""
        await self.call.make_consult_call(dialed_number=number, consult_type=1)

    async def do_transfer(self, number: str = "") -> None:
        """complete a transfer; with a number: transfer at once"""
        if number:
            await self.call.single_step_transfer(dialed_number=number)
        else:
            await self.call.transfer()

    async def do_conference(self, number: str = "") -> None:
        """complete a conference; with a number: add that party at once"""
        if number:
            await self.call.single_step_conference(dialed_number=number)
        else:
            await self.call.conference()

    async def do_alternate(self) -> None:
        """the other call"""
        await self.call.alternate()

    async def do_reconnect(self) -> None:
        """drop the consultation, go back to the caller"""
        await self.call.reconnect()

    async def do_dtmf(self, digits: str) -> None:
        """send digits"""
        await self.call.send_dtmf_signal(dtmf_string=digits)

    async def do_var(self, number: str, *words: str) -> None:
        """set call variable N"""
        await self.call.set_call_data({f"CallVariable{number}": " ".join(words)})

    async def do_wrapup(self, *words: str) -> None:
        """set the wrap-up data"""
        await self.call.set_call_data({"CallWrapupData": " ".join(words)})

    async def do_release(self) -> None:
        """hang up"""
        await self.call.clear_connection()

    async def do_calls(self) -> None:
        """the calls that there are"""
        for number, call in enumerate(self.session.calls.values(), 1):
            mark = "*" if call is self.session.current_call else " "
            status = CallStatus(call.get_value_int("CallStatus", 0)).name
            say(f" {mark}{number} {call.unique_object_id} {status}")

    async def do_use(self, number: str) -> None:
        """make call N the current one"""
        self.session.set_current_call(list(self.session.calls.values())[int(number) - 1])

    async def do_wait(self, callback: str, seconds: str = "20") -> None:
        """wait for an event [so many seconds]"""

        async def heard() -> None:
            while await self._heard.get() != callback:
                pass

        try:
            await asyncio.wait_for(heard(), float(seconds))
        except asyncio.TimeoutError:
            raise ValueError(f"{callback} did not come within {seconds} seconds") from None

    async def run(self) -> int:
        """Commands until the input ends or says quit; 1 when one of them failed."""
        self.session.add_listener(self)
        await self.session.set_agent(self.agent)
        say(f"agent {self.options.agent} is {self.agent.get_agent_state().name}")
        failed = 0
        async for line in lines():
            name, *words = line.split() or [""]
            if name == "quit":
                break
            if not name:
                continue
            say(f"> {line}")
            try:
                await self.commands[name](*words)
            except KeyError:
                failed = say(f"! there is no command {name!r}: try help")
            except (SessionError, ValueError, TypeError, IndexError) as error:
                failed = say(f"! {error}")
        return failed


def say(words: str) -> int:
    print(words, flush=True)
    return 1


def describe(callback: str, arguments: Any) -> str:
    """What a person wants to know of an event."""
    if callback == "OnAgentStateChange":
        return AgentState(arguments.get_int("AgentState")).name
    if callback in ("OnControlFailureConf", "OnCTIOSFailure", "OnConnectionFailure"):
        return arguments.get_string("ErrorMessage", "") or str(arguments.get("FailureCode"))
    if callback == "OnChatMessage":
        return f"{arguments.get('Source')}: {arguments.get('Message')}"
    words = [arguments.get_string("UniqueObjectID", "")]
    if ani := arguments.get("ANI", ""):
        words.append(f"from {ani}")
    if "CallStatus" in arguments:
        words.append(CallStatus(arguments.get_int("CallStatus")).name)
    return " ".join(words)


async def lines() -> AsyncIterator[str]:
    """The lines of standard input, without holding up the loop.

    A daemon thread reads: one that waits for a line must not keep the program from ending.
    """
    loop = asyncio.get_running_loop()
    found: asyncio.Queue[str] = asyncio.Queue()

    def read() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed, nobody listens any more
            for line in chain(sys.stdin, ("",)):
                loop.call_soon_threadsafe(found.put_nowait, line)

    threading.Thread(target=read, daemon=True).start()
    while line := await found.get():
        yield line.strip()


async def main() -> int:
    options = starting.desk_parser(__doc__).parse_args()
    async with fastcil.connect(options.server, timeout=starting.SECONDS) as session:
        return await Phone(session, options).run()


if __name__ == "__main__":
    with starting.ending():
        sys.exit(asyncio.run(main()))
