"""OnGlobalSettingsDownloadConf: the desktop settings of the configuration, as clients get them.

The tree of the configuration follows the registry (EnterpriseDesktopSettings, "All Desktops"); what
a client gets is packed differently. Source: CTI OS Developer Guide, OnGlobalSettingsDownloadConf;
defaults of the System Manager Guide (catalog data/settings.json).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from fastcil import catalog
from fastcil.catalog.requests import RequestID
from fastcil.server.desk import Tell
from fastcil.server.parts import Part
from fastcil.server.site.events import SiteEvent

if TYPE_CHECKING:
    from fastcil.server.client import ClientConnection
    from fastcil.server.upstream import SiteSource

__all__ = ["DesktopSettings", "columns", "packed"]

_ROOT = "All Desktops"
_GRIDS = ("AgentStatistics", "CallAppearance", "SkillGroupStatistics")
_SOUNDS = ("DTMF", "DialTone", "OriginatingTone", "RingInTone", "All")
_OUR_NAMES = {"MaxChars": "maxchars"}  # as the event has it


def _documented(path: str) -> dict[str, Any]:
    """The values of one key of the registry that have a documented default."""
    return {
        record["value"]: record["default"]
        for record in catalog.data("settings")["values"]
        if record["key"] == path and record["default"] is not None
    }


def _child(tree: Any, *path: str) -> Mapping[str, Any]:
    """What stands at a place of the tree; {} when nothing does."""
    for name in path:
        tree = tree.get(name) if isinstance(tree, Mapping) else None
    return tree if isinstance(tree, Mapping) else {}


def _plain(tree: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a key, without its subkeys, as a client can get them."""
    return {
        name: value
        for name, value in tree.items()
        if isinstance(value, (str, bool)) or (isinstance(value, int) and value >= -(1 << 31))
    }


def columns(tree: Mapping[str, Any], grid: str) -> dict[str, dict[str, Any]]:
    """The columns of a grid by number; those of CallAppearance have documented defaults."""
    numbered = _child(tree, "Grid", grid, "Columns", "Number")
    found = {number: _plain(c) for number, c in numbered.items() if isinstance(c, Mapping)}
    if not found and grid == "CallAppearance":
        return {
            str(column["position"]): {k: v for k, v in column.items() if k != "position"}
            for column in catalog.data("settings")["default_call_appearance_columns"]
        }
    return {
        number: {_OUR_NAMES.get(name, name): value for name, value in column.items()}
        for number, column in found.items()
    }


def _ecc(tree: Mapping[str, Any]) -> Iterator[str]:
    """user.<name> of a scalar, user.<name>[0] and on of an array."""
    for name, about in _child(tree, "ECC", "Name").items():
        full = name if name.startswith("user.") else f"user.{name}"
        size = about.get("Size", about.get("size", 0)) if isinstance(about, Mapping) else 0
        if isinstance(size, int) and size > 0:
            yield from (f"{full}[{index}]" for index in range(min(size, 256)))
        else:
            yield full


def _profile(tree: Mapping[str, Any]) -> dict[str, Any]:
    """A connection profile, with its silent monitor services when it has them."""
    path = "Login/ConnectionProfiles/Name/<CtiOsProfileName>"
    found = {**_documented(path), **_plain(tree)}
    service = _child(tree, "SilentMonitorService")
    if service:
        cluster = _child(service, "Cluster")
        entries = {n: _plain(e) for n, e in cluster.items() if isinstance(e, Mapping)}
        found["SilentMonitorService"] = {**_plain(service), "Cluster": entries}
    return found


def packed(tree: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of OnGlobalSettingsDownloadConf for the tree of a configuration."""
    tree = _child(tree, _ROOT)
    names = _child(tree, "IPCCSilentMonitor", "Name")
    silent = _documented("IPCCSilentMonitor/Name/Settings")
    screens = _child(tree, "ScreenPreferences", "Name")
    main = _documented("ScreenPreferences/Name/MainScreen")
    sounds = _child(tree, "SoundPreferences", "Name")
    profiles = _child(tree, "Login", "ConnectionProfiles", "Name")
    grids = dict.fromkeys([*_GRIDS, *_child(tree, "Grid")])
    found: dict[str, Any] = {
        "ECC": {name: {} for name in _ecc(tree)},
        "Grid": {grid: {"columns": columns(tree, grid)} for grid in grids},
        "IPCCSilentMonitor": {
            **{name: _plain(c) for name, c in names.items() if isinstance(c, Mapping)},
            "settings": {**silent, **_plain(_child(names, "Settings"))},
        },
        "Login": {
            "ConnectionProfiles": {
                name: _profile(c) for name, c in profiles.items() if isinstance(c, Mapping)
            }
        },
        "ScreenPreferences": {
            **{name: _plain(c) for name, c in screens.items() if isinstance(c, Mapping)},
            "MainScreen": {**main, **_plain(_child(screens, "MainScreen"))},
        },
        "SoundPreferences": {
            **_plain(sounds),
            **{name: {"Mute": False} for name in _SOUNDS},
            **{name: {**_plain(c)} for name, c in sounds.items() if isinstance(c, Mapping)},
        },
    }
    found["IPCCSilentMonitor"].pop("Settings", None)
    # Whatever else stands there is named to the client, and empty.
    known = ("ECC", "Grid", "IPCCSilentMonitor", "Login", "ScreenPreferences", "SoundPreferences")
    found.update({name: {} for name in tree if name not in known})
    return found


class DesktopSettings(Part):
    """RequestDesktopSettings."""

    def __init__(self, site: SiteSource) -> None:
        super().__init__(site)
        self.handlers = {RequestID.REQUEST_DESKTOP_SETTINGS: self._give}
        self._tree: Mapping[str, Any] | None = None
        self._packed: dict[str, Any] = {}

    @property
    def packed(self) -> dict[str, Any]:
        """packed() of the present configuration, made once for each."""
        tree = self.site.rules.desktop
        if tree is not self._tree:
            self._tree, self._packed = tree, packed(tree)
        return self._packed

    @property
    def ccm_silent_monitor(self) -> bool:
        """Whether silent monitoring is that of Unified CM (CCMBasedSilentMonitor)."""
        return bool(self.packed["IPCCSilentMonitor"]["settings"].get("CCMBasedSilentMonitor"))

    async def _give(
        self, arguments: Mapping[str, Any], client: ClientConnection, tell: Tell
    ) -> None:
        """The same for every DesktopType, which the documents require and do not use."""
        tell(SiteEvent("OnGlobalSettingsDownloadConf", self.packed))
