"""The desk: all use cases of one FileManager, made from what the ports supply.

Rule: decides nothing; every API, the command line and the tests are given the same desk.
"""

from collections.abc import Callable
from dataclasses import dataclass

from filemanager.config import Config
from filemanager.domain.caller import Caller
from filemanager.domain.store import Store, StoreState
from filemanager.ports import Bulletin, Clock, Database, ErrandSender, Numbers, Passwords, StoreControl, Transaction
from filemanager.services.accounts import AccountService
from filemanager.services.appends import AppendService
from filemanager.services.arrivals import Arrivals
from filemanager.services.bundles import BundleService
from filemanager.services.copies import CopyService, CopyWork
from filemanager.services.copying import Copying
from filemanager.services.credentials import CredentialService
from filemanager.services.damages import Damages
from filemanager.services.deletions import DeletionService
from filemanager.services.exports import ExportService
from filemanager.services.history import HistoryService
from filemanager.services.imports import ImportService
from filemanager.services.job_runner import JobRunner
from filemanager.services.job_transfers import JobTransfers
from filemanager.services.jobs import JobService
from filemanager.services.moves import MoveService
from filemanager.services.nodes import NodeService
from filemanager.services.offers import Offers
from filemanager.services.outcomes import Outcomes
from filemanager.services.purge_jobs import PurgeWork
from filemanager.services.registry import RegistryService
from filemanager.services.relocating import RelocationWork
from filemanager.services.relocations import Relocations
from filemanager.services.repairs import RepairWork
from filemanager.services.repeats import Once
from filemanager.services.retention import RetentionService
from filemanager.services.search import SearchService
from filemanager.services.settlement import Settlements
from filemanager.services.stores import StoreService
from filemanager.services.telling import Telling
from filemanager.services.transfers import TransferService
from filemanager.services.trash import TrashService
from filemanager.services.trash_upkeep import TrashUpkeep
from filemanager.services.tree_exports import TreeExportService
from filemanager.services.tree_imports import TreeImportService
from filemanager.services.tree_jobs import TreeJobs
from filemanager.services.usages import UsageService
from filemanager.services.versions import VersionService
from vofiles.contract import AccountKind, JobVerb


@dataclass(frozen=True)
class Desk:
    """The use cases."""

    config: Config
    clock: Clock
    accounts: AccountService
    credentials: CredentialService
    once: Once
    nodes: NodeService
    bundles: BundleService
    moves: MoveService
    imports: ImportService
    exports: ExportService
    transfers: TransferService
    outcomes: Outcomes
    services: RegistryService
    jobs: JobService
    runner: JobRunner
    searches: SearchService
    appends: AppendService
    versions: VersionService
    history: HistoryService
    retention: RetentionService
    deletions: DeletionService
    trash: TrashService
    trash_upkeep: TrashUpkeep
    usages: UsageService
    tree_imports: TreeImportService
    tree_exports: TreeExportService
    copies: CopyService
    relocations: Relocations
    stores: StoreService

    @property
    def operator(self) -> Caller:
        """The service itself, as who sits at its machine acts."""
        return Caller(self.config.identifier, AccountKind.SERVICE, administrator=True)

    def prune(self) -> None:
        """Forget what has been kept for its time: jobs and transfers that have ended, idempotency keys."""
        self.jobs.prune()
        self.once.prune()
        self.transfers.prune()


def make_desk(
    config: Config,
    database: Database,
    control: StoreControl,
    errands: ErrandSender,
    clock: Clock,
    numbers: Numbers,
    passwords: Passwords,
    bulletin: Bulletin | None = None,
) -> Desk:
    """The use cases on these ports; without a bulletin there is no other process of this service."""
    settlements, ends = Settlements(bulletin, "transfers"), Settlements(bulletin, "jobs-ended")
    runner, once = JobRunner(config, database, clock, settlements, ends), Once(config, database, clock)
    wake_jobs = _wake_for_all(bulletin, "jobs", runner.wake)
    telling = Telling(once, settlements, errands.wake, wake_jobs)
    moved = _make_movements(config, database, control, errands, clock, numbers, settlements)
    transfers, arrivals = moved.transfers, Arrivals(config, database, clock, moved.transfers.refresh)
    moving, tree_jobs = JobTransfers(database, clock, transfers), TreeJobs(config, clock, numbers, once, wake_jobs)
    tree_imports = TreeImportService(moving, config, database, clock, numbers, moved.imports, tree_jobs)
    tree_exports = TreeExportService(moving, config, database, moved.exports, tree_jobs, arrivals)
    copying = Copying(config, database, control, clock, numbers, moved.offers, transfers)
    relocations = Relocations(config, database, clock, numbers, wake_jobs, control.is_down)
    damages = Damages(config, database, control, clock, numbers, wake_jobs)
    nodes = NodeService(config, database, clock, numbers, once, transfers.refresh)
    purging = PurgeWork(database, clock, settlements, errands.wake)
    _register_works(runner, purging, tree_imports, tree_exports, copying, moved.retention, relocations)
    return Desk(
        config,
        clock,
        AccountService(config, database, clock, numbers, once),
        CredentialService(config, database, clock, numbers, passwords, bulletin),
        once,
        nodes,
        BundleService(config, database, nodes, control.is_down),
        MoveService(config, clock, numbers, telling, relocations, arrivals),
        moved.imports,
        moved.exports,
        transfers,
        moved.outcomes,
        RegistryService(config),
        JobService(config, database, clock, once, ends, wake_jobs),
        runner,
        SearchService(config, database),
        AppendService(config, database, control, clock, numbers, moved.offers, moved.imports, arrivals),
        VersionService(config, database),
        HistoryService(config, database),
        moved.retention,
        DeletionService(config, database, clock, numbers, telling),
        TrashService(config, database, clock, numbers, once, telling),
        TrashUpkeep(config, database, clock, settlements, errands.wake),
        UsageService(config, database),
        tree_imports,
        tree_exports,
        CopyService(config, database, clock, numbers, telling, control.is_down, arrivals),
        relocations,
        StoreService(config, database, control, clock, relocations, damages.heard),
    )


@dataclass(frozen=True)
class _Movements:
    """Who has contents come and go, one at a time."""

    retention: RetentionService
    outcomes: Outcomes
    offers: Offers
    transfers: TransferService
    imports: ImportService
    exports: ExportService


def _make_movements(
    config: Config,
    database: Database,
    control: StoreControl,
    errands: ErrandSender,
    clock: Clock,
    numbers: Numbers,
    settlements: Settlements,
) -> _Movements:
    retention = RetentionService(config, database, clock, errands.wake)
    outcomes = Outcomes(config, database, clock, settlements, errands.wake, retention)
    offers = Offers(config, database, control, clock, outcomes)
    transfers = TransferService(config, database, control, clock, outcomes, settlements)
    imports = ImportService(config, database, control, clock, numbers, offers)
    exports = ExportService(config, database, control, clock, numbers, offers, transfers.refresh)
    return _Movements(retention, outcomes, offers, transfers, imports, exports)


def _register_works(
    runner: JobRunner,
    purging: PurgeWork,
    tree_imports: TreeImportService,
    tree_exports: TreeExportService,
    copying: Copying,
    retention: RetentionService,
    relocations: Relocations,
) -> None:
    """Say who steps the items of which verb."""
    runner.register(JobVerb.DELETE, purging)
    runner.register(JobVerb.IMPORT, tree_imports)
    runner.register(JobVerb.EXPORT, tree_exports)
    runner.register(JobVerb.COPY, CopyWork(copying))
    runner.register(JobVerb.REPAIR, RepairWork(copying, retention))
    for verb in (JobVerb.MOVE, JobVerb.DRAIN):
        runner.register(verb, RelocationWork(copying, retention, relocations))


def _wake_for_all(bulletin: Bulletin | None, topic: str, wake: Callable[[], None]) -> Callable[[], None]:
    """What wakes whoever does something in whichever process it is done."""
    if bulletin is None:
        return wake
    bulletin.hear(topic, lambda _word: wake())
    return lambda: bulletin.tell(topic)


def keep_stores(config: Config, database: Database) -> None:
    """Write down the stores of the configuration. What is known of one besides stays; one that is not listed any more
    is OFFLINE, because nothing can be asked of it.
    """

    def save(tx: Transaction) -> None:
        known = {store.identifier: store for store in tx.stores.list_stores()}
        for entry in config.stores:
            before = known.pop(entry.identifier, None)
            tx.stores.put_store(
                Store(
                    entry.identifier,
                    entry.address,
                    entry.site,
                    entry.storage_class,
                    entry.state or _state_before(before),
                    before.capabilities if before is not None else (),
                    before.free if before is not None else None,
                    reachable=before is None or before.reachable,
                    writable=before is None or before.writable,
                )
            )
        for store in known.values():
            tx.stores.put_store(
                # Without an address: so it is known again from one that an operator has set OFFLINE.
                Store(store.identifier, "", store.site, store.storage_class, StoreState.OFFLINE)
            )

    database.write(save)


def _state_before(store: Store | None) -> str:
    # What was not listed for a while and is again, is in use again; else it is as it was set.
    return store.state if store is not None and store.address else StoreState.ACTIVE
