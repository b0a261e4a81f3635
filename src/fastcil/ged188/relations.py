"""What answers a request, and who may send or receive a message.

All tables go by message name and are generated from data/messages.json.

CONFIRMATIONS: the message that confirms a request; both carry the same InvokeID. The requests for
configuration, CONFIG_REQUEST_KEY_EVENT and CONFIG_REQUEST_EVENT, have no InvokeID; theirs is the
message that ends the answer.

FAILURES: the message that refuses a request whose format is documented. CONTROL_FAILURE_CONF for
the Client Control service, except that SUPERVISOR_ASSIST_REQ and EMERGENCY_CALL_REQ are answered
with FAILURE_CONF when there is no supervisor; FAILURE_CONF for all others. The table of message
types allows FAILURE_CONF as the answer to any request, so a client has to expect it everywhere.

SERVICES: the services any one of which lets a client send a request, or makes the server send it
an event. A message that is missing here belongs to every session (Miscellaneous service, session
management), to the configuration messages, or its format is not documented. Not in here:
CTI_AGENT_STATE_CONTROL_ONLY, which stands for CTI_SERVICE_CLIENT_CONTROL in requests about agent
states; a CTI_SERVICE_CLIENT_MONITOR session that monitors another one, which gets what that one
gets; a CTI_SERVICE_SUPERVISOR session that monitors a team, which gets its AGENT_STATE_EVENTs.

MASKS: the bit of OPEN_REQ's or MONITOR_START_REQ's CallMsgMask, or of ConfigMsgMask, that asks for
an event. AGENT_STATE_MASKS: the bit of AgentStateMask that asks for the AGENT_STATE_EVENTs of a
state; AGENT_STATE_UNKNOWN has none.

Sources: guide, chapter Messaging Conventions, table of message types (what responds to what);
chapter Session Management, tables CTI Service Masks, Unsolicited Call Event Message Masks and Agent
State Masks; chapter Application Level Interfaces, where the heading that a message stands under is
the service it belongs to.
"""

from __future__ import annotations

from fastcil.ged188._relations import (
    AGENT_STATE_MASKS,
    CONFIRMATIONS,
    FAILURES,
    MASKS,
    SERVICES,
)

__all__ = ["AGENT_STATE_MASKS", "CONFIRMATIONS", "FAILURES", "MASKS", "SERVICES"]
