"""The other process of the loopback benchmark: connects, then sends a batch over and over.

Both sides of a comparison are fed by this one program with bytes prepared beforehand, from
standard input.
"""

from __future__ import annotations

import socket
import sys


def main() -> None:
    port, times = int(sys.argv[1]), int(sys.argv[2])
    batch = sys.stdin.buffer.read()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.recv(1)
        for _ in range(times):
            connection.sendall(batch)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)  # until the receiver has read everything


if __name__ == "__main__":
    main()
