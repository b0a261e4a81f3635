"""Agents press whatever button is on, in any order: what it stands for can be done, and after each
step every client has the calls, statuses, buttons and call data that are true. A monitor is told
the same."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from agent_kit import AgentSite, Desk, run
from site_process import eventually

from fastcil.catalog import AgentState, CallStatus
from fastcil.catalog import ButtonEnablement as B
from fastcil.cil import AsyncSession, Call, RequestFailedError
from fastcil.ged188.enums import ControlFailureCode
from fastcil.server.site.enablement import agent_mask, call_mask

DESKS = 4
STEPS = 100
OF_CALLS = {
    "answer": B.ENABLE_ANSWER,
    "clear_connection": B.ENABLE_RELEASE,
    "hold": B.ENABLE_HOLD,
    "retrieve": B.ENABLE_RETRIEVE,
    "consult for a transfer": B.ENABLE_TRANSFER_INIT,
    "consult for a conference": B.ENABLE_CONFERENCE_INIT,
    "transfer": B.ENABLE_TRANSFER_COMPLETE,
    "conference": B.ENABLE_CONFERENCE_COMPLETE,
    "alternate": B.ENABLE_ALTERNATE,
    "reconnect": B.ENABLE_RECONNECT,
    "single_step_transfer": B.ENABLE_SINGLE_STEP_TRANSFER,
}
OFTEN = ("answer", "transfer", "conference")
TALKS = {CallStatus.LCS_INITIATE, CallStatus.LCS_CONNECT}
# A telephone with another call may not be able to answer; somebody else may not be free, be in the
# call already, or still ring while he is to be sent on: no button can know that.
MAY_FAIL = {
    "answer": {ControlFailureCode.CF_INVALID_OBJECT_STATE},
    "single_step_transfer": {
        ControlFailureCode.CF_INVALID_CALLED_DEVICE,
        ControlFailureCode.CF_INVALID_OBJECT_STATE,
        ControlFailureCode.CF_RESOURCE_BUSY,
    },
}

Action = tuple[str, "Call | None"]


class Walk:
    """Some agents, what they did, and what must be true of them at any time."""

    def __init__(
        self, site: AgentSite, desks: list[Desk], monitor: AsyncSession, seed: int
    ) -> None:
        self.site = site
        self.desks = desks
        self.monitor = monitor
        self.random = random.Random(seed)
        self.done: list[tuple[int, str, str]] = []

    def buttons(self, desk: Desk) -> list[Action]:
        """What an agent can do now."""
        mask = desk.agent.get_value_uint("EnablementMask")
        found: list[Action] = []
        if not desk.session.calls and mask & B.ENABLE_MAKECALL:
            found += [("make_call", None)] * 2
        if mask & B.ENABLE_READY:
            found.append(("ready", None))
        if mask & B.ENABLE_NOTREADY:
            found.append(("not ready", None))
        for call in desk.session.calls.values():
            mask = call.get_value_uint("EnablementMask")
            for name, bit in OF_CALLS.items():
                found += [(name, call)] * (bool(mask & bit) * (3 if name in OFTEN else 1))
            if mask & (B.ENABLE_HOLD | B.ENABLE_RETRIEVE):
                found.append(("data", call))
        return found

    async def step(self) -> None:
        if self.random.random() < 0.1:
            self.site.simulator.actions.arrive(ani="4155550100")
            self.done.append((-1, "arrives", ""))
            return
        place = self.random.randrange(DESKS)
        other = self.random.choice([one for one in range(DESKS) if one != place])
        desk = self.desks[place]
        actions = self.buttons(desk)
        if not actions:
            return
        name, call = self.random.choice(actions)
        self.done.append((place, name, "" if call is None else call.unique_object_id))
        try:
            await self.press(desk, name, call, self.site.instrument(other))
        except RequestFailedError as error:
            if error.failure_code not in MAY_FAIL.get(name, ()) and not self.entangled(place, name):
                raise AssertionError(f"{error} after {self.done[-8:]}") from None

    def data(self) -> dict[str, Any]:
        """Something new about a call."""
        chance = self.random
        found: dict[str, Any] = {f"CallVariable{chance.randrange(1, 11)}": f"v{chance.random()}"}
        if chance.random() < 0.5:
            found["ECC"] = {"user.account": f"e{chance.randrange(100)}"}
        if chance.random() < 0.3:
            found["CallWrapupData"] = f"w{chance.randrange(100)}"
        return found

    def entangled(self, place: int, name: str) -> bool:
        """Whether an agent would join two calls of which somebody else is in both."""
        parties: list[str] = []
        for call in self.site.peripheral.calls.values():
            devices = [connection.device_id for connection in call.connections]
            if self.site.instrument(place) in devices:
                parties += devices
        counts = [parties.count(one) for one in set(parties)]
        return name in ("transfer", "conference") and sum(count > 1 for count in counts) > 1

    async def press(self, desk: Desk, name: str, call: Call | None, number: str) -> None:
        """A button, with the number that it may need."""
        if name == "make_call":
            await desk.agent.make_call(dialed_number=number)
        elif name in ("ready", "not ready"):
            state = AgentState.eAvailable if name == "ready" else AgentState.eNotReady
            await desk.agent.set_agent_state(agent_state=state)
        else:
            assert call is not None
            if name.startswith("consult"):
                kind = 1 if name.endswith("transfer") else 2
                await call.make_consult_call(dialed_number=number, consult_type=kind)
            elif name == "data":
                await call.set_call_data(self.data())
            elif name == "single_step_transfer":
                await call.single_step_transfer(dialed_number=number)
            else:
                await getattr(call, name)()

    def truth(self, place: int | None = None) -> dict[str, int]:
        """By key: the states of the calls at a telephone, or of all."""
        instrument = None if place is None else self.site.instrument(place)
        return {
            f"call.{self.site.peripheral.id}.{call.id}.{connection.device_id}": int(
                connection.state
            )
            for call in self.site.peripheral.calls.values()
            for connection in call.connections
            if instrument in (None, connection.device_id)
        }

    def seen(self, place: int) -> dict[str, int]:
        """What the client at a telephone knows of."""
        return self.truth(place)

    def wrong(self) -> list[Any]:
        """What a client knows otherwise than it is."""
        telephones = {self.site.instrument(place) for place in range(DESKS)}
        found = [*differences(self.monitor, self.truth(), telephones)]
        for place, desk in enumerate(self.desks):
            found += differences(desk.session, self.seen(place), telephones)
            state = self.site.peripheral.agents[str(1001 + place)].state
            mask = desk.agent.get_value_uint("EnablementMask")
            if desk.agent.get_agent_state() != state or mask != agent_mask(state):
                found.append((place, desk.agent.get_agent_state(), state, B(mask)))
        for session in (self.monitor, *(desk.session for desk in self.desks)):
            for key, call in session.calls.items():
                real = self.site.peripheral.calls.get(int(key.split(".")[2]))
                if real is not None and known_data(call) != real_data(real):
                    found.append((key, known_data(call), real_data(real)))
        return found

    async def right(self) -> None:
        """Until every client has the truth."""
        try:
            await eventually(lambda: not self.wrong())
        except AssertionError:
            raise AssertionError(f"{self.wrong()} after {self.done[-8:]}") from None


def known_data(call: Call) -> dict[str, str]:
    """What a client has of a call's data, and it is not empty."""
    names = ("ANI", "CallWrapupData", *(f"CallVariable{i}" for i in range(1, 11)))
    found = {name: call.get_value_string(name, "") for name in names}
    found.update(call.get_value_array("ECC", {}))
    return {name: text for name, text in found.items() if text}


def real_data(call: Any) -> dict[str, str]:
    """The same of the simulated one."""
    found = {"ANI": call.ani, "CallWrapupData": call.wrapup, **call.named}
    found.update((f"CallVariable{number}", text) for number, text in call.variables.items())
    return {name: text for name, text in found.items() if text}


def differences(session: AsyncSession, real: dict[str, int], telephones: set[str]) -> Iterator[Any]:
    """In what the calls of a client differ from the real ones, by key and state."""
    known = {key: one.get_value("CallStatus") for key, one in session.calls.items()}
    if known.keys() != real.keys():
        yield "calls", sorted(known.keys() ^ real.keys())
        return
    for key, call in session.calls.items():
        status, device = known[key], key.rpartition(".")[2]
        # To its maker a call is connected when it is answered; to the switch before.
        if status != real[key] and not {status, real[key]} <= TALKS:
            yield key, status, real[key]
        here = [one for one in known if one.rpartition(".")[2] == device]
        mask = call_mask(status, [known[one] for one in here if one != key])
        told = call.get_value_uint("EnablementMask", None)
        if told != mask and device in telephones:
            yield key, told if told is None else B(told ^ mask)


@pytest.mark.parametrize("level", [0, 1])
@pytest.mark.parametrize("seed", range(4))
def test_every_button_that_is_on_does_what_it_says(seed: int, level: int) -> None:
    async def script(site: AgentSite) -> None:
        desks = [await site.agent(str(1001 + i), i, ready=i > 1) for i in range(DESKS)]
        monitor = (await site.desk()).session
        await monitor.monitor("MessageID=*")
        walk = Walk(site, desks, monitor, seed)
        for _ in range(STEPS):
            await walk.step()
            await walk.right()
            site.advance(walk.random.choice((0.0, 1.0, 3.0)))
            await walk.right()
        assert len(walk.done) > STEPS / 2

    run(script, f"[Server.CallObject]\nMinimizeEventArgs = {level}\n")
