"""What a day brings, in numbers."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["WorkloadOptions"]

_WHAT_BECOMES = ("consult", "transfer", "conference", "single_step", "requeue", "outside_transfer")


@dataclass(frozen=True)
class WorkloadOptions:
    """What a day brings. Times in seconds, shares from 0 to 1, rates for the whole site.

    calls_per_hour: arrivals from outside; 0: none. talk_seconds, work_seconds, patience_seconds:
    means. answer_seconds: longest time until an agent answers. connect_seconds: how long a routed
    call is on its way to the agent.

    no_answer_share: of the calls that ring at an agent, those that he lets ring; deflect_share:
    those that he sends on to a colleague. Of the calls that were answered: hold_share,
    consult_share, transfer_share, conference_share, single_step_share (a transfer at once),
    requeue_share (a transfer into the queue of a service), outside_transfer_share (a transfer to a
    number outside). caller_ends_share: of the calls in which the caller hangs up first.
    translation_share: of the arrivals, those by a translation route. trunks: how many trunks
    callers come in on, 0 where the peripheral has none of its own.

    inside_calls_per_hour: calls between agents; outside_calls_per_hour: of agents to numbers
    outside; predictive_calls_per_hour: of services to customers; supervisions_per_hour: how often
    supervisors listen to their agents, some of whom they go on to help. break_share: of the calls
    after which an agent takes a break of break_seconds. people: the last so many agents
    of each peripheral stay away, for people to log in as; staff: part of the others who come to
    work.
    """

    calls_per_hour: float = 0.0
    talk_seconds: float = 180.0
    work_seconds: float = 20.0
    patience_seconds: float = 120.0
    answer_seconds: float = 6.0
    connect_seconds: float = 0.0
    no_answer_share: float = 0.01
    deflect_share: float = 0.0
    hold_share: float = 0.15
    consult_share: float = 0.04
    transfer_share: float = 0.05
    conference_share: float = 0.02
    single_step_share: float = 0.02
    requeue_share: float = 0.0
    outside_transfer_share: float = 0.0
    caller_ends_share: float = 0.4
    translation_share: float = 0.0
    trunks: int = 0
    inside_calls_per_hour: float = 0.0
    outside_calls_per_hour: float = 0.0
    predictive_calls_per_hour: float = 0.0
    supervisions_per_hour: float = 0.0
    break_share: float = 0.05
    break_seconds: float = 300.0
    people: int = 0
    staff: float = 1.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 <= value < float("inf"):
                raise ValueError(f"{name} is 0 or more, got {value}")
            if (name.endswith("_share") or name == "staff") and value > 1:
                raise ValueError(f"{name} is 0 to 1, got {value}")
        total = sum(getattr(self, f"{name}_share") for name in _WHAT_BECOMES)
        if total > 1:
            raise ValueError("what becomes of answered calls adds up to more than 1")
        if self.no_answer_share + self.deflect_share > 1:
            raise ValueError("what becomes of ringing calls adds up to more than 1")
