"""The command `fastcil`: look into streams, record and replay them, monitor, serve, measure.

Commands import what they need when they run.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any, Callable

try:
    import click
except ImportError:
    raise SystemExit("the fastcil command needs click: pip install 'fastcil[cli]'") from None

from fastcil.cli_decode import decode, encode, print_json
from fastcil.codec import Frame, MessageFilter
from fastcil.codec.errors import FastcilError, FilterError
from fastcil.recording import RecordingError, RecordingReader, RecordingWriter
from fastcil.simulator.command import simulate

__all__ = ["main"]

_SPIN_NS = 1_000_000
_CONNECT_SECONDS = 10.0


def _filter(_ctx: click.Context, _param: click.Parameter, text: str | None) -> MessageFilter | None:
    """A filter given on the command line, or where it is wrong."""
    if text is None:
        return None
    try:
        return MessageFilter(text)
    except FilterError as error:
        raise click.BadParameter(str(error)) from None


def _text_of(chosen: MessageFilter | None) -> str:
    return "MessageID=*" if chosen is None else chosen.text


_filter_option = click.option(
    "--filter", "chosen", callback=_filter, metavar="TEXT", help="Monitor-mode filter; default all."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="fastcil")
def main() -> None:
    """Contact-centre event streams: decode, record, replay, monitor, serve, simulate."""


for _command in (decode, encode, simulate):
    main.add_command(_command)


def _follow(
    url: str,
    chosen: MessageFilter | None,
    handle: Callable[[Frame], bool],
    seconds: float | None = None,
) -> None:
    """Give the events of a server in monitor mode to `handle`, in order.

    Until it returns True, for some seconds, or until the session is closed.
    """
    import asyncio

    from fastcil import cil

    async def follow() -> None:
        limit = asyncio.timeout(seconds)
        try:
            async with limit, cil.connect(url, timeout=_CONNECT_SECONDS) as session:
                stream = session.events()
                await session.monitor(_text_of(chosen))
                async for frame in stream:
                    if handle(frame):
                        return
        except TimeoutError:
            if not limit.expired():
                raise

    try:
        asyncio.run(follow())
    except BrokenPipeError:
        raise
    except (FastcilError, OSError) as error:
        raise click.ClickException(f"{url}: {error}") from error


@main.command()
@click.argument("url")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_filter_option
@click.option("--seconds", type=click.FloatRange(min=0), help="Stop after this time.")
def record(url: str, file: Path, chosen: MessageFilter | None, seconds: float | None) -> None:
    """Write the events of a server to a file, until Ctrl-C or for some seconds.

    \b
    Example: fastcil record ctios://localhost calls.rec --filter 'CallStatus=*' --seconds 60
    """
    with RecordingWriter(file) as writer:

        def keep(frame: Frame) -> bool:
            if frame.epoch:  # the client numbers none of its own events
                writer.write(time.monotonic_ns(), frame)
            return False

        with contextlib.suppress(KeyboardInterrupt):
            _follow(url, chosen, keep, seconds)
        click.echo(f"{writer.frames_written} events in {file}", err=True)


def _speed(_ctx: click.Context, _param: click.Parameter, text: str) -> float:
    """A factor of time; 0 is as fast as it goes."""
    if text == "max":
        return 0.0
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 < found < float("inf"):
        raise click.BadParameter(f"{text!r} is neither a number above 0 nor max")
    return found


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--speed", callback=_speed, default="1", metavar="X|max", show_default=True)
@click.option("--listen", metavar="HOST:PORT", help="Serve the events instead of printing them.")
def replay(file: Path, speed: float, listen: str | None) -> None:
    """Play a recording with its own timing, faster, slower or at once.

    \b
    Example: fastcil replay calls.rec --speed 10
    """
    if listen is not None:
        host, _, port = listen.rpartition(":")
        if not port.isdecimal() or int(port) > 65535:
            raise click.BadParameter(f"{listen!r} is not HOST:PORT", param_hint="--listen")
        _serve(host.strip("[]") or "127.0.0.1", int(port), recording=file, speed=speed)
        return
    from fastcil.frame_json import frame_object

    started = time.monotonic_ns()
    try:
        with RecordingReader(file) as reader:
            for time_ns, frame in reader:
                if speed:
                    left = started + int(time_ns / speed) - time.monotonic_ns()
                    if left > _SPIN_NS:
                        time.sleep(left / 1e9)
                print_json({"time_ns": time_ns, **frame_object(frame)})
    except RecordingError as error:
        raise click.ClickException(f"{file}: {error}") from error


@main.command()
@click.argument("url")
@_filter_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object per event, as decode.")
@click.option("--count", type=click.IntRange(min=1), help="Stop after so many events.")
def monitor(url: str, chosen: MessageFilter | None, as_json: bool, count: int | None) -> None:
    """Print the events of a server as they come.

    \b
    Example: fastcil monitor ctios://localhost:42028 --filter 'AgentID=22001' --count 20
    """
    from fastcil.frame_json import event_name, frame_object

    printed = 0

    def show(frame: Frame) -> bool:
        nonlocal printed
        if as_json:
            print_json(frame_object(frame))
        else:
            click.echo(f"{event_name(frame) or frame.message_id}\n{frame.arguments.dump()}")
        printed += 1
        return printed == count

    with contextlib.suppress(KeyboardInterrupt):
        _follow(url, chosen, show)


def _serve(host: str, port: int, **options: Any) -> None:
    """Run the server until it is told to stop."""
    from fastcil.server import run_server

    try:
        code = run_server(host, port, announce=click.echo, **options)
    except (FastcilError, OSError) as error:
        raise click.ClickException(str(error)) from error
    raise SystemExit(code)


def _peripheral(_ctx: click.Context, _param: click.Parameter, found: tuple[str, ...]) -> Any:
    """PeripheralID:PeripheralType pairs."""
    pairs = {}
    for text in found:
        number, _, kind = text.partition(":")
        if not number.isdecimal() or not (kind or "17").isdecimal():
            raise click.BadParameter(f"{text!r} is not PeripheralID[:PeripheralType]")
        pairs[int(number)] = int(kind or 17)
    return pairs


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), help="Default: 42028, or ListenPort.")
@click.option(
    "--upstream",
    metavar="URL",
    help="ctiserver://HOST[:PORT][,HOST[:PORT]] or simulator, the default: one in this process.",
)
@click.option(
    "--peripheral",
    "peripherals",
    multiple=True,
    callback=_peripheral,
    metavar="ID[:TYPE]",
    help="A peripheral of the site, as 5000:17; may be given more than once.",
)
@click.option(
    "--config",
    "config_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Settings as TOML; --print-config shows all of them.",
)
@click.option("--print-config", is_flag=True, help="Write a commented configuration and stop.")
@click.option("--agents", type=click.IntRange(min=1), default=50, show_default=True)
@click.option(
    "--people",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="How many of the simulator's agents wait for somebody to log in as them.",
)
@click.option(
    "--calls-per-hour",
    type=click.FloatRange(min=0),
    help="Of the simulator; default: 15 for each agent. 0: all agents wait.",
)
@click.option(
    "--rate", type=click.FloatRange(min=0), help="Generated events per second, without a site."
)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option(
    "--minimize",
    type=click.IntRange(0, 1),
    help="MinimizeEventArgs of clients that do not ask for one: 0 complete, 1 minimal (default).",
)
@click.option(
    "--from-file",
    "recording",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Serve a recording instead of a site.",
)
def serve(host: str, port: int | None, print_config: bool, **options: Any) -> None:
    """Serve the events of a site behind a CTI Server until stopped.

    \b
    Example: fastcil serve --upstream ctiserver://side-a:42027,side-b:43027 --peripheral 5000:17
    Example: fastcil serve --agents 200 --rate 1000 --minimize 0
    """
    from fastcil.server.config import ConfigError
    from fastcil.server.settings import default_text

    if print_config:
        click.echo(default_text(), nl=False)
        return
    upstream, config_file = options.pop("upstream"), options.pop("config_file")
    people = options.pop("people")
    if people > options["agents"]:
        raise click.UsageError(f"--people {people} of {options['agents']} agents")
    peripherals, calls = options.pop("peripherals"), options.pop("calls_per_hour")
    minimize = options.pop("minimize")
    generated = options["rate"] is not None or options["recording"] is not None
    if generated and (upstream or config_file):
        raise click.UsageError("--rate and --from-file need no --upstream and no --config")
    if generated:
        options["rate"] = 100.0 if options["rate"] is None else options["rate"]
        level = 1 if minimize is None else minimize
        _serve(host, 42028 if port is None else port, minimize=level, **options)
        return
    from fastcil.server.service import SIMULATOR, config_from, serve_site

    try:
        config = config_from(config_file)
        config.peripherals.update(peripherals)
        if minimize is not None:
            config.give("Server.CallObject", "MinimizeEventArgs", minimize)
        if not upstream:
            upstream = "" if ("CtiDriver.Config", "SideAHost") in config.values else SIMULATOR
        code = serve_site(
            config,
            upstream,
            host=host,
            port=port,
            agents=options["agents"],
            people=people,
            calls_per_hour=calls,
            seed=options["seed"],
            announce=click.echo,
        )
    except (ConfigError, FastcilError, OSError) as error:
        raise click.ClickException(str(error)) from error
    raise SystemExit(code)


@main.command()
@click.option("--seconds", type=click.FloatRange(min=0), default=10.0, show_default=True)
@click.option("--agents", type=click.IntRange(min=1), default=50, show_default=True)
@click.option("--rate", type=click.FloatRange(min=0), default=1000.0, show_default=True)
@click.option(
    "--from-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=None
)
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), help="Save the picture.")
def demo(**options: Any) -> None:
    """Server and client in two processes, with a live view.

    \b
    Example: fastcil demo --seconds 5 --svg demo.svg
    """
    from fastcil.console.demo import run_demo

    raise SystemExit(run_demo(**options))


@main.command()
@click.option("--seconds", type=click.FloatRange(min=0.01), default=0.5, show_default=True)
def bench(seconds: float) -> None:
    """Frames a second in this process: decode, encode and filter the two sample events.

    \b
    Example: fastcil bench --seconds 1
    """
    from fastcil.codec import BACKEND
    from fastcil.workload.measure import rates

    click.echo(f"{'backend ' + BACKEND:24}{'decode/s':>12}{'encode/s':>12}{'filter/s':>12}")
    for title, found in rates(seconds):
        click.echo(f"{title:24}" + "".join(f"{rate:12,.0f}" for rate in found))
