"""The settings that a server has: names, types, defaults, ranges, and what reload can change.

They come from the catalog (data/server_config.json: CTI OS System Manager Guide 12.6(1),
configuration and security chapters). The table [Fastcil] has what only this server knows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["DESKTOP", "PEERS", "SETTINGS", "Setting", "default_text"]

_BASE = "<CTIOSServerName>\\"
DESKTOP = "EnterpriseDesktopSettings"
"""The table with the tree of desktop settings."""
PEERS = "Server.Peers"
"""The table with a table for each peer."""


@dataclass(frozen=True)
class Setting:
    """One setting. section: dotted name of its table. kind: int or str. live: takes effect on
    reload. Unknown to the documents: source is ours."""

    section: str
    name: str
    kind: type
    default: int | str
    meaning: str
    source: str
    values: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    live: bool = False
    secret: bool = False

    def problem(self, value: Any) -> str | None:
        """What is wrong with a value, in words; None when it is good. A secret is not repeated."""
        shown = "***" if self.secret else repr(value)
        if isinstance(value, bool) and self.kind is int:
            value = int(value)
        if not isinstance(value, self.kind):
            wanted = "a whole number" if self.kind is int else "text"
            return f"{wanted} expected, got {shown}"
        if self.values and value not in self.values:
            return f"one of {', '.join(self.values)} expected, got {shown}"
        if isinstance(value, int):
            low, high = self.minimum or 0, 0xFFFFFFFF if self.maximum is None else self.maximum
            if not low <= value <= high:
                return f"{low} to {high} expected, got {value}"
        return None


_PORTS = frozenset({"SideAPort", "SideBPort", "ListenPort", "Port", "MetricsPort"})
_FLAGS = frozenset(
    {
        "MinimizeEventArgs",
        "EnableWrapupDialog",
        "forceLogoutOnSessionClose",
        "LogoutReasonRequired",
        "NotReadyReasonRequired",
        "PollForAgentStatsAtEndCall",
        "WrapupDataRequired",
        "IPCCConference_SupportsMultipleControllers",
        "AuthenticationEnabled",
        "SecurityEnabled",
    }
)
_LIVE = frozenset(
    {
        "MinimizeEventArgs",
        "MinimalSet",
        "AgentChatLevel",
        "SupervisorChatLevel",
        "forceLogoutOnSessionClose",
        "forceLogoutOnSessionCloseReason",
        "forceNotReadyOnSessionCloseReason",
        "PollForAgentStatsAtEndCall",
        "PollingIntervalSec",
        "LogoutReasonRequired",
        "NotReadyReasonRequired",
        "WrapupDataRequired",
        *(f"String{number}" for number in range(4)),
        "MaxMonitorModeConnections",
        "AgentPreCallEventTimeout",
        "TrashCollectionIntervalSec",
        "MonitorModeDisableThreshold",
        "MonitorModeDisableDuration",
        "MonitorToken",
        "PeerToken",
        "MaxConnectionsPerAddress",
        "RequestsPerSecond",
        "DrainSeconds",
    }
)
_LIVE_TABLES = frozenset({PEERS})
_OURS = "this server's own"
# Defaults that a program without an installer gives where the documents give none, and two that the
# documents give for an older protocol: what this server speaks.
_DEFAULTS: dict[str, int | str] = {
    "SideAHost": "localhost",
    "SideAPort": 42027,
    "SideBHost": "",
    "SideBPort": 43027,
    "ListenPort": 42028,
    "ProtocolVersion": 25,
    "TOS": 0,
}
_OWN = (
    ("MinimalSet", str, "section", "what MinimizeEventArgs 1 sends: the parameters of the event's "
     "own section, or the list of the call event table", ("section", "table")),
    ("TlsCertificate", str, "", "PEM file with the certificate; with SecurityEnabled 1", ()),
    ("TlsKey", str, "", "PEM file with its private key", ()),
    ("TlsClientAuthority", str, "", "PEM file: client certificates are required and checked", ()),
    ("UpstreamTls", str, "off", "TLS towards the CTI Server", ("off", "server", "mutual")),
    ("UpstreamAuthority", str, "", "PEM file with what the CTI Server's certificate is checked "
     "against; empty for the system's", ()),
    ("UpstreamCertificate", str, "", "PEM file with certificate and key for mutual TLS", ()),
    ("MonitorToken", str, "", "monitor mode needs this token when it is not empty", ()),
    ("ServerName", str, "", "what clients and peers are told that this server is; empty for host "
     "name and port", ()),
    ("PeerToken", str, "", "what peer servers show each other; the same for all of them. Empty: "
     "a peer shows a client certificate with a name of [Server.Peers]", ()),
    ("PeerTls", str, "off", "TLS towards peer servers: what they listen with", ("off", "server",
     "mutual")),
    ("PeerAuthority", str, "", "PEM file with what the peers' certificates are checked against; "
     "empty for the system's", ()),
    ("PeerCertificate", str, "", "PEM file with certificate and key that peers are shown; with "
     "PeerTls mutual", ()),
    ("MaxConnectionsPerAddress", int, 0, "most connections from one address; 0 for no limit", ()),
    ("RequestsPerSecond", int, 50, "requests a client may send in a second; 0 for no limit", ()),
    ("MetricsPort", int, 0, "HTTP port of /metrics and /health on this host; 0 for none", ()),
    ("LogFormat", str, "text", "how log lines look", ("text", "json")),
    ("DrainSeconds", int, 5, "how long SIGTERM waits for answers that are due and for clients to "
     "take what is queued for them", ()),
)  # fmt: skip


def _documented() -> Iterator[Setting]:
    text = (files("fastcil.catalog") / "data" / "server_config.json").read_text("utf-8")
    data = json.loads(text)
    for record in data["settings"]:
        _, found, path = record["key"].partition(_BASE)
        if not found or "<" in path or "<" in record["value"] or path.startswith(DESKTOP):
            continue
        name = record["value"]
        kind = str if record["type"] == "STRING" else int
        default = _DEFAULTS.get(name, record["default"])
        if default is None:
            default = "" if kind is str else 0
        yield Setting(
            section=path.replace("\\", "."),
            name=name,
            kind=kind,
            default=default,
            meaning=record["meaning"],
            source=data["source"],
            values=tuple(record.get("values", ())),
            minimum=record.get("minimum", 1 if name in _PORTS and default else 0),
            maximum=1 if name in _FLAGS else 65535 if name in _PORTS else None,
            live=name in _LIVE or path.replace("\\", ".") in _LIVE_TABLES,
            secret="Password" in name,
        )


def _ours() -> Iterator[Setting]:
    for name, kind, default, meaning, values in _OWN:
        yield Setting(
            section="Fastcil",
            name=name,
            kind=kind,
            default=default,
            meaning=meaning,
            source=_OURS,
            values=tuple(values),
            maximum=65535 if name in _PORTS else None,
            live=name in _LIVE,
            secret="Token" in name,
        )


@cache
def _settings() -> dict[tuple[str, str], Setting]:
    return {(one.section, one.name): one for one in (*_documented(), *_ours())}


SETTINGS: Mapping[tuple[str, str], Setting] = _settings()
"""Every setting by table and name."""


def default_text() -> str:
    """A file with every setting, its meaning and its default, all commented out."""
    lines = [
        "# Configuration of fastcil serve. Every line that is commented out shows its default.",
        "# Names are those of the documented registry settings; [Fastcil] is this server's own.",
    ]
    section = ""
    for (table, name), setting in SETTINGS.items():
        if table != section:
            section = table
            lines += ["", f"[{table}]"]
        lines.append(f"# {setting.meaning}" + (" (reload with SIGHUP)" if setting.live else ""))
        default = setting.default
        shown = json.dumps(default) if isinstance(default, str) else str(default)
        lines.append(f"# {name} = {shown}")
    lines += [
        "",
        "# [Server.Peripherals.Main]",
        "# PeripheralID = 5000",
        "# PeripheralType = 17",
        "",
        "# One table for each peer server, by its host name or address (reload with SIGHUP).",
        '# [Server.Peers."cti-b.example"]',
        "# Port = 42028",
        "",
    ]
    return "\n".join(lines)
