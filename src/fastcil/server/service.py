"""The event server of a site as a process: configuration, CTI Server, clients, signals."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastcil.ged188.link import LinkSettings, TlsOptions
from fastcil.server.config import ConfigError, ServerConfig, load_config
from fastcil.server.cti import SERVICES, CtiServer
from fastcil.server.logs import LogHandler, secrets_of, start_logging
from fastcil.server.metrics import MetricsServer
from fastcil.server.outbox import Limits
from fastcil.server.parts import SiteRules
from fastcil.server.peer_link import PeerOptions
from fastcil.server.policy import Policy
from fastcil.server.server import EventServer
from fastcil.server.site.mapper import SiteMapper
from fastcil.server.upstream import SiteSource

if TYPE_CHECKING:
    from fastcil.simulator import Simulator

__all__ = ["SIMULATOR", "SiteService", "link_settings", "policy_of", "serve_site"]

_log = logging.getLogger("fastcil.server")

SIMULATOR = "simulator"
_CONNECTIONS = "Server.Connections"
_CALLS = "Server.CallObject"
_DRIVER = "CtiDriver.Config"


def link_settings(config: ServerConfig, url: str = "") -> LinkSettings:
    """How the CTI Server is reached. url takes the place of the configured sides.

    Raises ConfigError when that makes no link.
    """
    more: dict[str, Any] = {
        "client_id": config.text(_DRIVER, "ClientID"),
        "client_password": config.text(_DRIVER, "ClientPassword"),
        "client_signature": config.text(_DRIVER, "ClientSignature") or None,
        "version": config.number(_DRIVER, "ProtocolVersion"),
        "heartbeat_interval": config.number(_DRIVER, "HeartbeatInterval") or None,
        "services": SERVICES,
        "standby": True,
    }
    tls = config.text("Fastcil", "UpstreamTls")
    if tls != "off":
        pem = config.text("Fastcil", "UpstreamCertificate") or None
        if tls == "mutual" and pem is None:
            raise ConfigError("[Fastcil] UpstreamTls is mutual: UpstreamCertificate is missing")
        authority = config.text("Fastcil", "UpstreamAuthority") or None
        more["tls"] = TlsOptions(ca_file=authority, cert_file=pem if tls == "mutual" else None)
    try:
        if url:
            return LinkSettings.from_url(url, **more)
        sides = [(config.text(_DRIVER, "SideAHost"), config.number(_DRIVER, "SideAPort"))]
        if config.text(_DRIVER, "SideBHost"):
            sides.append((config.text(_DRIVER, "SideBHost"), config.number(_DRIVER, "SideBPort")))
        return LinkSettings(sides=tuple(sides), **more)
    except ValueError as error:
        raise ConfigError(f"upstream: {error}") from error


def policy_of(config: ServerConfig) -> Policy:
    """The rules for clients."""
    security = "Server.Security"
    return Policy(
        max_monitors=config.number(_CONNECTIONS, "MaxMonitorModeConnections"),
        monitor_token=config.text("Fastcil", "MonitorToken"),
        peer_token=config.text("Fastcil", "PeerToken"),
        disable_threshold=config.number(security, "MonitorModeDisableThreshold"),
        disable_seconds=60.0 * config.number(security, "MonitorModeDisableDuration"),
        max_per_address=config.number("Fastcil", "MaxConnectionsPerAddress"),
        requests_per_second=config.number("Fastcil", "RequestsPerSecond"),
    )


def rules_of(config: ServerConfig) -> SiteRules:
    """What the answers of the site follow."""
    agent, supervisor = "Server.Agent", "Server.Supervisor"
    return SiteRules(
        agent_seconds=float(config.number(agent, "PollingIntervalSec") or 1),
        group_seconds=float(config.number("Server.SkillGroup", "PollingIntervalSec") or 1),
        at_call_end=bool(config.number(agent, "PollForAgentStatsAtEndCall")),
        agent_chat=config.text(agent, "AgentChatLevel"),
        supervisor_chat=config.text(supervisor, "SupervisorChatLevel"),
        force_logout=bool(config.number(agent, "forceLogoutOnSessionClose")),
        logout_reason=config.number(agent, "forceLogoutOnSessionCloseReason"),
        not_ready_reason=config.number(agent, "forceNotReadyOnSessionCloseReason"),
        logout_reasons=config.reasons.get("Logout", {}),
        not_ready_reasons=config.reasons.get("NotReady", {}),
        logout_reason_required=bool(config.number(agent, "LogoutReasonRequired")),
        not_ready_reason_required=bool(config.number(agent, "NotReadyReasonRequired")),
        wrapup_required=bool(config.number(agent, "WrapupDataRequired")),
        wrapup_strings=config.wrapup_strings,
        desktop=config.desktop,
    )


def _follow(config: ServerConfig, mapper: SiteMapper) -> None:
    """What of the configuration the mapper follows."""
    calls, stale = mapper.calls, config.number(_CALLS, "TrashCollectionIntervalSec")
    calls.stale_seconds = float(stale) if stale else float("inf")
    calls.precall_seconds = float(config.number(_CALLS, "AgentPreCallEventTimeout"))
    calls.minimal_set = config.text("Fastcil", "MinimalSet")


def client_tls(config: ServerConfig) -> ssl.SSLContext | None:
    """TLS for clients with SecurityEnabled 1. Raises ConfigError for files that cannot be used."""
    if not config.number("Server.Security", "SecurityEnabled"):
        return None
    certificate, key = (config.text("Fastcil", n) for n in ("TlsCertificate", "TlsKey"))
    if not certificate:
        raise ConfigError("[Server.Security] SecurityEnabled: [Fastcil] TlsCertificate is missing")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key or None)
        authority = config.text("Fastcil", "TlsClientAuthority")
        if authority:
            context.load_verify_locations(authority)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"[Fastcil] TlsCertificate, TlsKey, TlsClientAuthority: {error}"
        ) from error
    return context


def peer_options(config: ServerConfig) -> PeerOptions:
    """How peers are reached. Raises ConfigError for what cannot be."""
    mode, token = config.text("Fastcil", "PeerTls"), config.text("Fastcil", "PeerToken")
    pem = config.text("Fastcil", "PeerCertificate")
    if mode == "mutual" and not pem:
        raise ConfigError("[Fastcil] PeerTls is mutual: PeerCertificate is missing")
    if config.peers and not token and mode != "mutual":
        raise ConfigError("[Server.Peers]: [Fastcil] PeerToken is missing, or PeerTls mutual")
    tls = None
    if mode != "off":
        try:
            tls = ssl.create_default_context(cafile=config.text("Fastcil", "PeerAuthority") or None)
            if mode == "mutual":
                tls.load_cert_chain(pem)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(f"[Fastcil] PeerAuthority, PeerCertificate: {error}") from error
    return PeerOptions(
        token=token,
        tls=tls,
        heartbeat_seconds=config.number("Server.Peers", "HeartbeatIntervalMs") / 1000,
        heartbeat_retries=config.number("Server.Peers", "HeartbeatRetrys"),
    )


class SiteService:
    """An event server over a CTI Server. `async with` starts and stops it.

    With MetricsPort, metrics has what answers /metrics and /health; it does so from the start on,
    before the site is known. Raises ConfigError.
    """

    def __init__(
        self,
        config: ServerConfig,
        settings: LinkSettings,
        *,
        host: str = "127.0.0.1",
        port: int | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.config = config
        mapper = SiteMapper()
        _follow(config, mapper)
        for number, kind in config.peripherals.items():
            mapper.objects.peripheral_types[number] = kind
        self.source = SiteSource(mapper, rules=rules_of(config))
        self._peer_options = peer_options(config)
        self.cti = CtiServer(settings, self.source, peripherals=config.peripherals)
        self.server = EventServer(
            self.source,
            host=host,
            port=config.number(_CONNECTIONS, "ListenPort") if port is None else port,
            minimize=config.number(_CALLS, "MinimizeEventArgs"),
            heartbeat_seconds=config.number(_CONNECTIONS, "HeartbeatIntervalMs") / 1000,
            heartbeat_retries=config.number(_CONNECTIONS, "HeartbeatRetrys"),
            limits=limits,
            site=self.source,
            policy=policy_of(config),
            tls=client_tls(config),
        )
        self.source.publish = self.server.publish_now
        self.source.publish_all = self.server.publish_all
        self.source.watch = self.server.watch
        self.logs: LogHandler | None = None
        """Where log lines go, when it must be told of new secrets by reload()."""
        metrics_port = config.number("Fastcil", "MetricsPort")
        self.metrics = MetricsServer(self, metrics_port) if metrics_port else None

    async def start(self, timeout: float | None = 60.0) -> None:
        """Learn the site, then let clients in. Raises LinkError, OSError."""
        if self.metrics is not None:
            await self.metrics.start()
        await self.cti.start(timeout)
        await self.server.start()
        name = self.config.text("Fastcil", "ServerName")
        self.server.name = name or f"{socket.gethostname()}:{self.server.port}"
        self.source.peers.name = self.server.name
        self.source.peers.configure(self.config.peers, self._peer_options)
        objects = self.source.mapper.objects
        counts = {"agents": len(objects.agents), "calls": len(objects.calls)}
        _log.info("serving on %s:%d", self.server.host, self.server.port, extra=counts)

    async def drain(self) -> bool:
        """Before stop(): no new clients, answers that are due, what is queued; at most
        DrainSeconds. False when that was not enough."""
        done = await self.server.drain(float(self.config.number("Fastcil", "DrainSeconds")))
        _log.info("drained" if done else "some clients did not take what was queued for them")
        return done

    async def stop(self) -> None:
        """Tell the clients, then the CTI Server."""
        await self.server.stop()
        self.source.stop()
        await self.cti.stop()
        if self.metrics is not None:
            await self.metrics.stop()

    async def __aenter__(self) -> SiteService:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def reload(self) -> list[str]:
        """Read the configuration again; names of what changed and needs a restart.

        Raises ConfigError and keeps the old one when the file is wrong.
        """
        if self.config.path is None:
            return []
        found = load_config(self.config.path)
        found.values.update(self.config.given)
        found.given = self.config.given
        if self.logs is not None:
            # What was a secret until now stays one.
            self.logs.lines.hide(secrets_of(self.config) | secrets_of(found))
        # Whatever may be wrong comes first.
        policy, rules, peers = policy_of(found), rules_of(found), peer_options(found)
        changed = self.config.changed(found)
        self.config = found
        self.server.minimize = found.number(_CALLS, "MinimizeEventArgs")
        self.server.guard.policy = policy
        self.source.rules = rules
        self.source.peers.configure(found.peers, peers)
        _follow(found, self.source.mapper)
        return [f"{one.section}.{one.name}" for one in changed if not one.live]


@contextlib.asynccontextmanager
async def simulated(
    agents: int, people: int, calls_per_hour: float | None, seed: int
) -> AsyncIterator[Simulator]:
    """A CTI Server in this process."""
    from fastcil.simulator import Simulator, SimulatorOptions, SiteOptions, WorkloadOptions

    options = SimulatorOptions(
        site=SiteOptions(agents=agents, seed=seed),
        workload=WorkloadOptions(
            calls_per_hour=15.0 * agents if calls_per_hour is None else calls_per_hour,
            people=people,
        ),
        speed=1.0,
    )
    async with Simulator(options) as simulator:
        yield simulator


def _free(simulator: Simulator) -> str:
    """Who waits for a person to log in, and where; "" for nobody."""
    (peripheral,) = simulator.site.peripherals.values()
    workload, agents = simulator.options.workload, list(peripheral.agents.values())
    first = len(agents) - workload.people if workload.calls_per_hour else 0
    free = list(zip(agents, peripheral.devices.values()))[first:]
    if not free:
        return ""
    (one, place), (other, last) = free[0], free[-1]
    return (
        f"for you: agents {one.id} to {other.id}, passwords p{one.id} to p{other.id}, "
        f"telephones {place.instrument} to {last.instrument}"
    )


def serve_site(
    config: ServerConfig,
    upstream: str,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    agents: int = 50,
    people: int = 0,
    calls_per_hour: float | None = None,
    seed: int = 1,
    announce: Callable[[str], Any] = print,
) -> int:
    """Serve a site until SIGTERM or SIGINT; the exit code.

    upstream: ctiserver://host[:port][,host[:port]], "simulator" for one in this process, or "" for
    the configured sides. agents, people, calls_per_hour and seed are the simulator's: people are
    the last so many agents, who wait for somebody to log in as them.

    SIGHUP reads the configuration again. The first SIGTERM or SIGINT ends in an orderly way, after
    at most DrainSeconds and a few more; a second one ends at once. Announces "listening on
    host:port", and whom one can log in as at the simulator. Raises ConfigError, LinkError and
    OSError when it cannot begin.
    """

    async def main(logs: LogHandler) -> None:
        stop = _ending()
        if upstream != SIMULATOR:
            await serve(upstream, stop, logs)
            return
        async with simulated(agents, people, calls_per_hour, seed) as simulator:
            url = f"ctiserver://127.0.0.1:{simulator.port}"
            await serve(url, stop, logs, _free(simulator))

    async def serve(url: str, stop: asyncio.Event, logs: LogHandler, free: str = "") -> None:
        service = SiteService(config, link_settings(config, url), host=host, port=port)
        service.logs = logs
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, lambda: _reload(service))
        try:
            if await _until(service.start(), stop):
                announce(f"listening on {host}:{service.server.port}")
                if free:
                    announce(free)
                await stop.wait()
                await service.drain()
        finally:
            await service.stop()
            _log.info("stopped", extra={"counters": service.server.counts()})

    logs = start_logging(config)
    try:
        asyncio.run(main(logs))
    finally:
        logs.stop()
    return 0


def _ending() -> asyncio.Event:
    """What SIGTERM or SIGINT sets; from then on either of them ends the process at once."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    numbers = (signal.SIGTERM, signal.SIGINT)

    def first(number: signal.Signals) -> None:
        for one in numbers:
            loop.remove_signal_handler(one)
            signal.signal(one, signal.SIG_DFL)
        _log.info("%s: going down", number.name)
        stop.set()

    for number in numbers:
        loop.add_signal_handler(number, first, number)
    return stop


async def _until(work: Coroutine[Any, Any, None], stop: asyncio.Event) -> bool:
    """Do a work unless stop comes first; whether it was done. Raises what the work raises."""
    loop = asyncio.get_running_loop()
    task, stopped = loop.create_task(work), loop.create_task(stop.wait())
    try:
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
            return not stop.is_set()
        return False
    finally:
        for one in (task, stopped):
            one.cancel()
        await asyncio.gather(task, stopped, return_exceptions=True)


def _reload(service: SiteService) -> None:
    try:
        for name in service.reload():
            _log.warning("%s changed: that takes effect after a restart", name)
        _log.info("configuration read again")
    except ConfigError as error:
        _log.error("the configuration stays as it was: %s", error)


def config_from(path: Path | None) -> ServerConfig:
    """The configuration of a file, or the defaults."""
    return ServerConfig() if path is None else load_config(path)
