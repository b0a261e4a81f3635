"""Who may connect, who may monitor, and how much a client may ask: rules without I/O or a clock."""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

__all__ = ["Guard", "Policy", "RequestRate"]


@dataclass(frozen=True)
class Policy:
    """The rules. 0 and "" mean that there is none.

    max_monitors
        Most clients in monitor mode at once (MaxMonitorModeConnections).
    monitor_token
        What a client must give as MonitorToken to be in monitor mode.
    peer_token
        What a peer server must show as PeerToken; without it a certificate with a peer's name.
    disable_threshold, disable_seconds
        So many wrong tokens in a row from one address disable what they are for, for so long
        (MonitorModeDisableThreshold, MonitorModeDisableDuration; System Manager Guide, security).
    max_per_address
        Most connections from one address.
    requests_per_second
        Requests that a client may send, with as many again at once; one that brings a snapshot
        of the site counts as ten. Likewise, for itself, for heartbeats.
    """

    max_monitors: int = 0
    monitor_token: str = ""
    peer_token: str = ""
    disable_threshold: int = 3
    disable_seconds: float = 900.0
    max_per_address: int = 0
    requests_per_second: float = 0.0


class RequestRate:
    """One client's requests: a bucket that fills at the allowed rate and holds a second's worth
    twice. now: seconds of a clock that only runs forward."""

    __slots__ = ("_at", "_left", "rate")

    def __init__(self, rate: float, now: float) -> None:
        self.rate = rate
        self._left = 2 * rate
        self._at = now

    def take(self, now: float, cost: float = 1.0) -> bool:
        """Whether one more request is allowed now. cost: as how many it counts; as no more than
        there may ever be."""
        if not self.rate:
            return True
        cost = max(1.0, min(cost, 2 * self.rate))
        self._left = min(2 * self.rate, self._left + (now - self._at) * self.rate)
        self._at = now
        if self._left < cost:
            return False
        self._left -= cost
        return True


@dataclass
class Guard:
    """The policy with what it has to remember."""

    policy: Policy = field(default_factory=Policy)
    _connections: Counter[str] = field(default_factory=Counter)
    _wrong: dict[tuple[str, str], tuple[int, float]] = field(default_factory=dict)
    """By what for and address: wrong tokens in a row, and until when it is disabled."""

    def connect(self, address: str) -> str | None:
        """One more connection from an address: None, or why not. Every one is to be left again."""
        self._connections[address] += 1
        most = self.policy.max_per_address
        if most and self._connections[address] > most:
            return f"{most} connections from {address} are the limit"
        return None

    def disconnect(self, address: str) -> None:
        """A connection is gone."""
        self._connections[address] -= 1
        if self._connections[address] <= 0:
            del self._connections[address]

    def monitor(self, address: str, token: str, monitors: int, now: float) -> str | None:
        """Monitor mode for one more client: None, or why not. monitors: those in it now."""
        most = self.policy.max_monitors
        if most and monitors >= most:
            return f"{most} clients in monitor mode are the limit"
        wanted = self.policy.monitor_token
        return self._shown("monitor mode", "MonitorToken", wanted, address, token, now)

    def peer(self, address: str, token: str, names: Collection[str], now: float) -> str | None:
        """A peer server: None, or why it is none. names: of its certificate, those that peers
        have."""
        wanted = self.policy.peer_token
        if wanted:
            return self._shown("a peer", "PeerToken", wanted, address, token, now)
        return None if names else "a peer needs PeerToken, or a certificate with a peer's name"

    def _shown(
        self, what: str, name: str, wanted: str, address: str, token: str, now: float
    ) -> str | None:
        """Whether the right token was shown for something: None, or why it is not to be had."""
        if not wanted:
            return None
        key = (what, address)
        count, until = self._wrong.get(key, (0, 0.0))
        if now < until:
            return f"{what} is disabled for {address} for {until - now:.0f} more seconds"
        if hmac.compare_digest(wanted.encode(), token.encode("utf-8", "surrogateescape")):
            self._wrong.pop(key, None)
            return None
        count += 1
        if count >= self.policy.disable_threshold > 0:
            self._wrong[key] = (0, now + self.policy.disable_seconds)
        else:
            self._wrong[key] = (count, 0.0)
        if len(self._wrong) > 10_000:  # addresses cost nothing to a stranger
            self._wrong.pop(next(iter(self._wrong)))
        return f"{what} needs the right {name}"
