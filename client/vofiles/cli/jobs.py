"""`vofiles jobs`: what is at work for one, and how it went."""

from typing import Annotated

import typer

from vofiles.cli import lines
from vofiles.cli.following import following
from vofiles.jobs import Job, JobInfo, JobItemInfo


def jobs(
    number: Annotated[str | None, typer.Argument(metavar="ID", help="One job; all of one's own if left out.")] = None,
    items: Annotated[bool, typer.Option("--items", help="Each file and folder it works on, with its outcome.")] = False,
    cancel: Annotated[bool, typer.Option("--cancel", help="Stop it: what is done stays done.")] = False,
    retry: Annotated[bool, typer.Option("--retry", help="Try what failed in it, and nothing else, once more.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for its end.")] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show one's jobs, the newest first, or one of them: copies, moves to another store, deletions, imports and exports
    of many files.
    """
    from vofiles import connect

    if number is None and (items or cancel or retry or wait):
        raise typer.BadParameter("say which job: vofiles jobs shows their ids")
    if cancel and (retry or wait):
        raise typer.BadParameter("--cancel stops a job; --retry and --wait go on with it")
    with connect() as home:
        if number is None:
            _show([job.info for job in home.jobs()], json=json)
            return
        job = home.job(number)
        _act(job, cancel=cancel, retry=retry, wait=wait)
        if items:
            _show_items(list(job.items()), json=json)
        elif json:
            print(lines.as_json(_facts(job.info)))
        else:
            for line in lines.listed(_sheet(job.info)):
                print(line)


def _act(job: Job, *, cancel: bool, retry: bool, wait: bool) -> None:
    if cancel:
        job.cancel()
    if retry:
        job.retry()
    if wait:
        with following(job.info.verb) as told:
            job.wait(told)


def _show(found: list[JobInfo], *, json: bool) -> None:
    if json:
        print(lines.as_json([_facts(info) for info in found]))
        return
    cells = [
        (info.id, info.verb, info.state.lower(), f"{info.done}/{info.total}", _bytes(info), lines.local(info.created))
        for info in found
    ]
    for line in lines.aligned(cells, right=(3, 4)):
        print(line)


def _show_items(found: list[JobItemInfo], *, json: bool) -> None:
    if json:
        names = JobItemInfo.__dataclass_fields__
        print(lines.as_json([{name: getattr(item, name) for name in names} for item in found]))
        return
    cells = [
        (item.state.lower(), "-" if item.size is None else str(item.size), item.path or ".", item.failure or "")
        for item in found
    ]
    for line in lines.aligned(cells, right=(1,)):
        print(line)


def _bytes(info: JobInfo) -> str:
    return f"{info.bytes_done}/{info.bytes_total}" if info.bytes_total else "-"


def _sheet(info: JobInfo) -> dict[str, str]:
    return {
        "job": info.id,
        "verb": info.verb,
        "state": info.state.lower(),
        "items": f"{info.done} of {info.total} done" + (f", {info.failed} failed" if info.failed else ""),
        "bytes": f"{info.bytes_done} of {info.bytes_total}" if info.bytes_total else "",
        "created": info.created.isoformat(),
        "ended": info.ended.isoformat() if info.ended is not None else "",
        "failure": info.failure or "",
    }


def _facts(info: JobInfo) -> dict[str, object]:
    known = {name: getattr(info, name) for name in JobInfo.__dataclass_fields__}
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in known.items()}
