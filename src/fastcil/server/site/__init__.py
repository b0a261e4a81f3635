"""The objects of a site as a CTI Server tells of them, and the CIL events that its messages cause.

No I/O and no clock: messages of GED-188 and the time go in, events come out. docs/events.md has the
table of which message makes which event.
"""

from __future__ import annotations
