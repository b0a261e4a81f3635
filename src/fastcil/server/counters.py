"""What a server has done so far, as plain numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass

__all__ = ["Counters"]


@dataclass
class Counters:
    """Counts since the server started; `clients`, `monitors` and `agents` (clients in
    agent mode) are those of this moment."""

    clients: int = 0
    monitors: int = 0
    connections_accepted: int = 0
    handshakes_completed: int = 0
    handshake_time_outs: int = 0
    heartbeat_time_outs: int = 0
    protocol_errors: int = 0
    filters_set: int = 0
    filters_refused: int = 0
    requests_refused: int = 0
    requests_failed: int = 0
    requests_limited: int = 0
    heartbeats_limited: int = 0
    monitors_refused: int = 0
    peers_refused: int = 0
    agents: int = 0
    snapshots_sent: int = 0
    events_published: int = 0
    events_unencodable: int = 0
    frames_encoded: int = 0
    frames_sent: int = 0
    bytes_sent: int = 0
    frames_received: int = 0
    events_coalesced: int = 0
    events_dropped: int = 0
    gaps_sent: int = 0
    closed_too_slow: int = 0
    closed_limit: int = 0

    def to_dict(self) -> dict[str, int]:
        """All of them by name."""
        return asdict(self)
