"""A threaded session connected to a scripted server, for the tests of the client."""

from __future__ import annotations

from typing import Any

from client_peer import Events, Peer, PeerConnection

from fastcil.cil import Settings, ThreadedSession


def settings(*ports: int, **more: Any) -> Settings:
    url = "ctios://" + ",".join(f"127.0.0.1:{port}" for port in ports)
    return Settings.from_url(url, backoff_first=0.01, backoff_cap=0.05, **more)


class Live:
    """A session with a listener of all events, connected to a scripted server."""

    def __init__(self, peer: Peer, **more: Any) -> None:
        self.events = Events()
        self.session = ThreadedSession()
        self.session.add_listener(self.events)
        self.session.start(settings(peer.port, **more))
        self.server: PeerConnection = peer.accept()
        self.hello = self.server.greet(connection_id="c1")
        self.events.wait("OnConnection")

    def monitor(self, *snapshot: tuple[str, dict[str, Any]]) -> None:
        self.session.set_message_filter("MessageID=*")
        self.server.establish(*snapshot)
        self.events.wait("OnMonitorModeEstablished")

    def __enter__(self) -> Live:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.disconnect()
