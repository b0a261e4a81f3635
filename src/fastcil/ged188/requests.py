"""The requests of a client as objects: RequestName(field=value, ...) for link.request().

    await link.request(AnswerCallReq(
        peripheral_id=5000, connection_call_id=16777985, connection_device_id="3001"))

Attributes are the documented names in small letters; each is described with its documented name
and type. InvokeID is missing, for the link chooses it, and so are counts of lists, which are
counted. What the documents let one leave out has a default; None leaves a floating field out. A
type of device identifier that is None says NONE without the identifier, and static or plain with
it. Passwords are in no repr.
"""

from __future__ import annotations

from fastcil.ged188 import _requests
from fastcil.ged188._request import Request
from fastcil.ged188._requests import *  # noqa: F403

REQUESTS: dict[str, type[Request]] = {
    kind.NAME: kind for kind in (getattr(_requests, name) for name in _requests.__all__)
}
"""Every request by the name of its message."""

__all__ = ["REQUESTS", "Request", *_requests.__all__]
