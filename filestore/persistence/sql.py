"""The statements of the catalogue, built once (docs/benchmarks.md says why).

Rule: SQL for both databases; values are bound by name, and one key is called `one`, several `these`.
"""

from sqlalchemy import bindparam, delete, exists, func, insert, or_, select, update

from filestore.domain.transfer import ACKNOWLEDGE, ENDED, TRANSITIONS
from filestore.persistence.schema import ADOPTED, CONTAINERS, FACTS, ORPHANS, OUTBOX, ROUNDS, TRANSFERS
from vofiles.contract import ContainerState, TransferState

FIND_CONTAINER = select(CONTAINERS).where(CONTAINERS.c.number == bindparam("one"))
HOLD_CONTAINER = FIND_CONTAINER.with_for_update()
ADD_CONTAINER = insert(CONTAINERS)
SET_CONTAINER = (
    update(CONTAINERS)
    .where(CONTAINERS.c.number == bindparam("one"))
    .values({name: bindparam(name) for name in CONTAINERS.c.keys() if name not in {"key", "number"}})  # noqa: SIM118
)
DELETE_CONTAINER = delete(CONTAINERS).where(CONTAINERS.c.number == bindparam("one"))
LIST_CONTAINERS = (
    select(CONTAINERS)
    .where(
        CONTAINERS.c.state == bindparam("state"),
        CONTAINERS.c.number > bindparam("after"),
        CONTAINERS.c.changed < bindparam("before"),
    )
    .order_by(CONTAINERS.c.number)
    .limit(bindparam("most"))
)
LIST_NUMBERS = (
    select(CONTAINERS.c.number)
    .where(CONTAINERS.c.state == bindparam("state"), CONTAINERS.c.number > bindparam("after"))
    .order_by(CONTAINERS.c.number)
    .limit(bindparam("most"))
)
STATES_OF = select(CONTAINERS.c.number, CONTAINERS.c.state).where(
    CONTAINERS.c.number.in_(bindparam("these", expanding=True))
)
LIST_HELD = (
    select(CONTAINERS)
    .where(
        CONTAINERS.c.manager == bindparam("manager"),
        CONTAINERS.c.number > bindparam("after"),
        CONTAINERS.c.state != ContainerState.DELETED,
    )
    .order_by(CONTAINERS.c.number)
    .limit(bindparam("most"))
)
MEASURE_HELD = select(func.count(), func.coalesce(func.sum(CONTAINERS.c.size), 0)).where(
    CONTAINERS.c.manager == bindparam("manager"), CONTAINERS.c.state == ContainerState.COMPLETE
)
IS_DAMAGED = CONTAINERS.c.damaged.is_not(None) & (CONTAINERS.c.state == ContainerState.COMPLETE)
OF_MANAGER = CONTAINERS.c.manager == bindparam("manager")
COUNT_DAMAGED = select(func.count()).where(IS_DAMAGED)
COUNT_DAMAGED_OF = COUNT_DAMAGED.where(OF_MANAGER)
LIST_DAMAGED = (
    select(CONTAINERS)
    .where(IS_DAMAGED, CONTAINERS.c.number > bindparam("after"))
    .order_by(CONTAINERS.c.number)
    .limit(bindparam("most"))
)
LIST_DAMAGED_OF = LIST_DAMAGED.where(OF_MANAGER)
LIST_ALL = (
    select(CONTAINERS)
    .where(CONTAINERS.c.number > bindparam("after"))
    .order_by(CONTAINERS.c.number)
    .limit(bindparam("most"))
)

FIND_TRANSFER = select(TRANSFERS).where(TRANSFERS.c.transfer == bindparam("one"))
HOLD_TRANSFER = FIND_TRANSFER.with_for_update()
ADD_TRANSFER = insert(TRANSFERS)
SET_TRANSFER = (
    update(TRANSFERS)
    .where(TRANSFERS.c.transfer == bindparam("one"))
    .values({name: bindparam(name) for name in TRANSFERS.c.keys() if name not in {"key", "transfer"}})  # noqa: SIM118
)
PUBLISH_TRANSFER = (
    update(TRANSFERS)
    .where(
        TRANSFERS.c.transfer == bindparam("one"),
        TRANSFERS.c.state == bindparam("was"),
        TRANSFERS.c.epoch == bindparam("since"),
        TRANSFERS.c.bytes_done == bindparam("safe"),
        TRANSFERS.c.lease.is_(None),
    )
    .values(
        {
            name: bindparam(name)
            for name in ("state", "changed", "due", "deadline", "bytes_done", "receipt", "request_id", "partial")
        }
    )
)
PUBLISH_CONTAINER = (
    update(CONTAINERS)
    .where(CONTAINERS.c.number == bindparam("one"), CONTAINERS.c.state == ContainerState.EMPTY)
    .values({name: bindparam(name) for name in ("state", "changed", "size", "content_type", "digests")})
)
DELETE_TRANSFER = delete(TRANSFERS).where(TRANSFERS.c.transfer == bindparam("one"))
LIST_TRANSFERS = (
    select(TRANSFERS)
    .where(TRANSFERS.c.state == bindparam("state"), TRANSFERS.c.transfer > bindparam("after"))
    .order_by(TRANSFERS.c.transfer)
    .limit(bindparam("most"))
)
LIST_OVERDUE = (
    select(TRANSFERS)
    .where(TRANSFERS.c.state == bindparam("state"), TRANSFERS.c.due < bindparam("before"))
    .order_by(TRANSFERS.c.due)
    .limit(bindparam("most"))
)
LIST_FORGETTABLE = (
    select(TRANSFERS)
    .where(
        or_(*(TRANSFERS.c.state == state for state in sorted(ENDED))),
        TRANSFERS.c.due < bindparam("before"),
        ~exists().where(OUTBOX.c.transfer == TRANSFERS.c.transfer),
    )
    .order_by(TRANSFERS.c.due)
    .limit(bindparam("most"))
)

FIND_OUTGOING_OF = select(OUTBOX.c.key).where(OUTBOX.c.transfer == bindparam("one"))
HOLD_OUTGOING = select(OUTBOX).where(OUTBOX.c.key == bindparam("one")).with_for_update()
ADD_OUTGOING = insert(OUTBOX)
SET_OUTGOING = (
    update(OUTBOX)
    .where(OUTBOX.c.key == bindparam("one"))
    .values({name: bindparam(name) for name in OUTBOX.c.keys() if name not in {"key", "transfer"}})  # noqa: SIM118
)
DELETE_OUTGOING = delete(OUTBOX).where(OUTBOX.c.key == bindparam("one"))
LIST_OUTGOING = (
    select(OUTBOX).where(OUTBOX.c.due <= bindparam("due")).order_by(OUTBOX.c.due, OUTBOX.c.key).limit(bindparam("most"))
)
LIST_OTHERS_OUTGOING = LIST_OUTGOING.where(OUTBOX.c.manager.not_in(bindparam("without", expanding=True)))
COMPLETE_TOLD = (
    update(TRANSFERS)
    .where(
        TRANSFERS.c.transfer == select(OUTBOX.c.transfer).where(OUTBOX.c.key == bindparam("one")).scalar_subquery(),
        TRANSFERS.c.state == TransferState.STORED,
    )
    .values(
        state=TRANSITIONS[TransferState.STORED, ACKNOWLEDGE],
        changed=bindparam("changed"),
        due=bindparam("due"),
        lease=None,
    )
)

COUNT_TRANSFERS = select(TRANSFERS.c.state, func.count()).group_by(TRANSFERS.c.state)
BACKLOG = select(func.count(), func.min(OUTBOX.c.created))

FIND_ORPHAN = select(ORPHANS.c.seen).where(ORPHANS.c.number == bindparam("one"))
ADD_ORPHAN = insert(ORPHANS)
DELETE_ORPHAN = delete(ORPHANS).where(ORPHANS.c.number == bindparam("one"))
FIND_ADOPTED = select(ADOPTED).where(ADOPTED.c.number == bindparam("one"))
ADD_ADOPTED = insert(ADOPTED)
ADOPTED_AMONG = select(ADOPTED).where(ADOPTED.c.number.in_(bindparam("these", expanding=True)))
ADOPTED_AT = (
    select(ADOPTED)
    .where(ADOPTED.c.directory == bindparam("directory"), ADOPTED.c.path.in_(bindparam("these", expanding=True)))
    .order_by(ADOPTED.c.key)
)
FORGET_ADOPTED = update(ADOPTED).where(ADOPTED.c.number == bindparam("one")).values(forgotten=True)
FIND_ROUND = select(ROUNDS).where(ROUNDS.c.name == bindparam("one"))
ADD_ROUND = insert(ROUNDS)
SET_ROUND = (
    update(ROUNDS)
    .where(ROUNDS.c.name == bindparam("one"))
    .values({name: bindparam(name) for name in ROUNDS.c.keys() if name != "name"})  # noqa: SIM118
)
FIND_FACT = select(FACTS.c.value).where(FACTS.c.name == bindparam("one"))
ADD_FACT = insert(FACTS)
