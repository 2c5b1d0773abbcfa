"""Comments from the waiting line into a hand: what a person must not be given goes back at once."""

from collections.abc import Callable, Sequence

from services.labelling.care import why_rest, within_limits
from storage.database import Database
from storage.queue import remove_leases

# Told how many to lease and what besides these; returns the comments it leased, in order.
Lease = Callable[[int, Sequence[int]], list[int]]

_ROUNDS = 12
_MOST_AT_ONCE = 4_096


def hand_out(db: Database, dataset_id: str, lease: Lease, *, actor: str, wanted: int) -> list[int]:
    """Up to `wanted` comments that this person may be given now; none during a break or after enough.

    Where much of what comes next is withheld, more is looked at each time, but not without end: nothing may
    be found although something far behind waits.
    """
    if why_rest(db, dataset_id, actor=actor):
        return []
    withheld: list[int] = []
    kept: list[int] = []
    count = wanted
    for _ in range(_ROUNDS):
        leased = lease(count, withheld)
        kept = within_limits(db, dataset_id, leased, actor=actor)
        dropped = sorted(set(leased) - set(kept[:wanted]))
        if dropped:
            remove_leases(db, dataset_id, actor, dropped)
        if len(kept) >= wanted or len(leased) < count or len(kept) == len(leased):
            break
        withheld += sorted(set(leased) - set(kept))
        count = min(2 * count, _MOST_AT_ONCE)
    return kept[:wanted]
