"""From frames to handlers, in pure Python; the cffi backend uses it too."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Callable

Handler = Callable[[int, Any], object]


def dispatch_frames(
    frames: Iterable[Any],
    table: dict[int, tuple[Handler, ...]],
    bind: Callable[[int], tuple[Handler, ...]],
    failed: Callable[[Handler, int], object],
) -> None:
    """Calls handler(message_id, arguments) for every handler of every frame, in order.

    table maps message ids to tuples of handlers; bind(message_id) makes the tuple of an id that is
    not in it. A handler that raises an Exception does not stop the others:
    failed(handler, message_id) is called while it is handled.
    """
    for frame in frames:
        message_id = frame.message_id
        handlers = table.get(message_id)
        if handlers is None:
            handlers = bind(message_id)
        for handler in handlers:
            try:
                handler(message_id, frame.arguments)
            except Exception:
                failed(handler, message_id)
