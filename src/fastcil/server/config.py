"""The server's configuration: one TOML file with the documented registry settings by their names.

A table of the file is a registry key below the server's own, a key of it the setting:
CtiDriver\\Config and its HeartbeatInterval are [CtiDriver.Config] HeartbeatInterval. What settings
there are is in settings.py. Every fault is told, with file, line, table and key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomllib

from fastcil.server.settings import DESKTOP, PEERS, SETTINGS, Setting

__all__ = ["ConfigError", "ServerConfig", "load_config"]

_REASONS = "Server.Agent.ReasonCodes"
_WRAPUP = "Server.Agent.WrapupStrings.Incoming"
_NOT_OF_PERIPHERALS = "unknown setting; a peripheral has PeripheralID, PeripheralType"


class ConfigError(ValueError):
    """The file is wrong: the text names file, line, table and key, and what was expected."""


@dataclass
class ServerConfig:
    """Values by table and name, and the tree of desktop settings as it was written."""

    values: dict[tuple[str, str], int | str] = field(default_factory=dict)
    desktop: dict[str, Any] = field(default_factory=dict)
    peripherals: dict[int, int] = field(default_factory=dict)
    """PeripheralID to PeripheralType, of [Server.Peripherals.<name>]."""
    peers: dict[str, int] = field(default_factory=dict)
    """Host of a peer server to its port, of [Server.Peers.<host>]."""
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


def _tables_without(tree: Any, path: str) -> Iterator[str]:
    """Names of the tables below one in which nothing stands."""
    for name, value in tree.items() if isinstance(tree, dict) else ():
        if value == {}:
            yield f"{path}.{name}"
        else:
            yield from _tables_without(value, f"{path}.{name}")


def _port_problem(key: str, port: Any) -> str | None:
    """What is wrong with a setting of one peer, which is its port alone."""
    if key != "Port":
        return "unknown setting; a peer has Port"
    if not isinstance(port, int) or isinstance(port, bool) or not 1 <= port <= 65535:
        return f"1 to 65535 expected, got {port!r}"
    return None


def _desktop_faults(tree: Any) -> Iterator[tuple[str, str, str]]:
    """(table, key, words) for what is wrong with the tree of desktop settings, which has the
    site's own values as well."""
    if not isinstance(tree, dict):
        yield "", DESKTOP, "a table expected"
        return
    for name in tree:
        if name != "All Desktops":
            yield f"{DESKTOP}.{name}", "", 'the only table here is "All Desktops"'
    for section, key, value in _walk(tree, DESKTOP):
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

    desktop = tree.pop(DESKTOP, {})
    for found in _desktop_faults(desktop):
        fault(*found)
    config.desktop = desktop if isinstance(desktop, dict) else {}
    servers = tree.get("Server")
    peers = servers.get("Peers") if isinstance(servers, dict) else None
    for section in _tables_without(peers, PEERS):
        fault(section, "Port", "missing: the port at which the peer listens")
    named: dict[str, dict[str, Any]] = {}
    for section, key, value in _walk(tree):
        parent, _, last = section.rpartition(".")
        if parent == "Server.Peripherals":
            named.setdefault(last, {})[key] = value
            if key not in ("PeripheralID", "PeripheralType"):
                fault(section, key, _NOT_OF_PERIPHERALS)
            continue
        if section.startswith(f"{PEERS}."):
            host = section.removeprefix(f"{PEERS}.")
            words = _port_problem(key, value)
            if words is not None:
                fault(section, key, words)
            else:
                config.peers[host] = value
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
