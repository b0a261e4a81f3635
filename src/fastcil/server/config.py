"""The server's configuration: one TOML file with the documented registry settings by their names.

A table of the file is a registry key below the server's own, a key of it the setting:
CtiDriver\\Config and its HeartbeatInterval are [CtiDriver.Config] HeartbeatInterval. Names, types,
defaults and ranges come from the catalog (data/server_config.json: CTI OS System Manager Guide
12.6(1), configuration and security chapters). The table [Fastcil] has what only this server knows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import tomllib

__all__ = ["SETTINGS", "ConfigError", "ServerConfig", "Setting", "default_text", "load_config"]

_BASE = "<CTIOSServerName>\\"
_DESKTOP = "EnterpriseDesktopSettings"
_REASONS = "Server.Agent.ReasonCodes"
_WRAPUP = "Server.Agent.WrapupStrings.Incoming"


class ConfigError(ValueError):
    """The file is wrong: the text names file, line, table and key, and what was expected."""


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
        *(f"String{number}" for number in range(4)),
        "MaxMonitorModeConnections",
        "AgentPreCallEventTimeout",
        "TrashCollectionIntervalSec",
        "MonitorModeDisableThreshold",
        "MonitorModeDisableDuration",
        "MonitorToken",
        "MaxConnectionsPerAddress",
        "RequestsPerSecond",
        "DrainSeconds",
    }
)
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
        if not found or "<" in path or "<" in record["value"] or path.startswith(_DESKTOP):
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
            live=name in _LIVE,
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


@dataclass
class ServerConfig:
    """Values by table and name, and the tree of desktop settings as it was written."""

    values: dict[tuple[str, str], int | str] = field(default_factory=dict)
    desktop: dict[str, Any] = field(default_factory=dict)
    peripherals: dict[int, int] = field(default_factory=dict)
    """PeripheralID to PeripheralType, of [Server.Peripherals.<name>]."""
    reasons: dict[str, dict[str, int]] = field(default_factory=dict)
    """[Server.Agent.ReasonCodes.Logout] and […NotReady]: by text the code."""
    wrapup_strings: dict[str, str] = field(default_factory=dict)
    """[Server.Agent.WrapupStrings.Incoming]: texts by name, String0 and on."""
    path: Path | None = None
    given: dict[tuple[str, str], int | str] = field(default_factory=dict)
    """Values of the command line: they come before those of the file, also after a reload."""

    def give(self, section: str, name: str, value: int | str) -> None:
        """A value of the command line."""
        self.given[section, name] = self.values[section, name] = value

    def get(self, section: str, name: str) -> Any:
        """The value given, else the default. Raises KeyError for what is no setting."""
        return self.values.get((section, name), SETTINGS[section, name].default)

    def number(self, section: str, name: str) -> int:
        """A setting that is a number."""
        return int(self.get(section, name))

    def text(self, section: str, name: str) -> str:
        """A setting that is text."""
        return str(self.get(section, name))

    def changed(self, other: ServerConfig) -> list[Setting]:
        """The settings whose values differ between two configurations."""
        return [one for key, one in SETTINGS.items() if self.get(*key) != other.get(*key)]

    def __repr__(self) -> str:
        shown = {
            f"{section}.{name}": "***" if SETTINGS[section, name].secret else value
            for (section, name), value in self.values.items()
        }
        return f"ServerConfig({shown!r})"


def _line_of(text: str, section: str, key: str) -> int:
    """The line of a key of a table, or of the table; 0 when it cannot be found."""
    inside, found = section == "", 0
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[\s*([^\]]+?)\s*\]\s*(#.*)?$", line)
        if header:
            name = re.sub(r"\s*\.\s*", ".", header[1]).replace('"', "")
            inside = name == section
            found = number if inside or name.startswith(f"{section}.") else found
        elif inside and re.match(rf'\s*"?{re.escape(key)}"?\s*=', line):
            return number
    return found


def _walk(tree: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str, Any]]:
    """(table, key, value) of every value."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _walk(value, f"{path}.{key}" if path else key)
        else:
            yield path, key, value


def _reason_problem(text: str, code: Any) -> str | None:
    """What is wrong with a reason code (System Manager Guide, ReasonCodes registry key)."""
    if len(text) > 42:
        return f"at most 42 characters expected, got {len(text)}"
    if not isinstance(code, int) or isinstance(code, bool) or not 0 <= code <= 65535:
        return f"a whole number from 0 to 65535 expected, got {code!r}"
    return None


def _desktop_faults(tree: Any) -> Iterator[tuple[str, str, str]]:
    """(table, key, words) for what is wrong with the tree of desktop settings, which has the
    site's own values as well."""
    if not isinstance(tree, dict):
        yield "", _DESKTOP, "a table expected"
        return
    for name in tree:
        if name != "All Desktops":
            yield f"{_DESKTOP}.{name}", "", 'the only table here is "All Desktops"'
    for section, key, value in _walk(tree, _DESKTOP):
        if not isinstance(value, (str, int)) or not (
            isinstance(value, str) or -(1 << 31) <= value < 1 << 32
        ):
            yield section, key, f"text, true, false or a whole number expected, got {value!r}"


def load_config(source: Path | str, *, name: str = "") -> ServerConfig:
    """The configuration of a file, or of a text. Raises ConfigError with every fault there is."""
    path = source if isinstance(source, Path) else None
    where = str(path) if path else name or "configuration"
    try:
        text = path.read_text("utf-8") if path else str(source)
        tree = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{where}: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: no TOML: {error}") from error
    config = ServerConfig(path=path)
    faults: list[str] = []

    def fault(section: str, key: str, words: str) -> None:
        line = _line_of(text, section, key)
        place = f"{where}, line {line}" if line else where
        faults.append(f"{place}: [{section}] {key}: {words}")

    desktop = tree.pop(_DESKTOP, {})
    for found in _desktop_faults(desktop):
        fault(*found)
    config.desktop = desktop if isinstance(desktop, dict) else {}
    named: dict[str, dict[str, Any]] = {}
    for section, key, value in _walk(tree):
        parent, _, last = section.rpartition(".")
        if parent == "Server.Peripherals":
            named.setdefault(last, {})[key] = value
            continue
        if parent == _REASONS and last in ("Logout", "NotReady"):
            words = _reason_problem(key, value)
            if words is not None:
                fault(section, key, words)
            else:
                config.reasons.setdefault(last, {})[key] = value
            continue
        if section == _WRAPUP and isinstance(value, str):
            config.wrapup_strings[key] = value
            if (section, key) not in SETTINGS:
                continue
        setting = SETTINGS.get((section, key))
        if setting is None:
            near = sorted(n for s, n in SETTINGS if s == section)
            known = f"; this table has {', '.join(near)}" if near else "; there is no such table"
            fault(section, key, f"unknown setting{known}")
            continue
        words = setting.problem(value)
        if words is not None:
            fault(section, key, words)
            continue
        config.values[section, key] = int(value) if isinstance(value, bool) else value
    for peripheral, entry in named.items():
        number, kind = entry.get("PeripheralID"), entry.get("PeripheralType", 17)
        if not isinstance(number, int) or not isinstance(kind, int):
            words = "PeripheralID and PeripheralType are whole numbers"
            fault(f"Server.Peripherals.{peripheral}", "PeripheralID", words)
        else:
            config.peripherals[number] = kind
    if faults:
        raise ConfigError("\n".join(faults))
    return config


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
    ]
    return "\n".join(lines)
