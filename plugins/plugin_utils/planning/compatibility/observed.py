# SPDX-License-Identifier: Apache-2.0
"""What the loaded drivers mean. It is separate from the plan, which does not depend on measurements."""

from __future__ import annotations

from typing import Any

from ..inputs.wanted import HOST_DRIVER
from ..reading.findings import Findings
from ..reading.versions import Driver
from .builds import build_of_engine
from .hosts import Host, alike, likeness, listed
from .site import Compared, Site, judge_group, tell
from .verdicts import LEVELS, OK, RUNS, UNKNOWN, WARN, Judgement, report


def observe(site: Site, compared: Compared, findings: Findings) -> dict[str, Any]:
    """Hosts and warnings as plain values. A loaded driver is judged where the inventory wants none."""
    seen = Findings()
    unplanned = [host for host in site.joined if host.wanted.driver is None and host.wanted.driver_found]
    groups = alike((host, host.wanted.driver_found) for host in unplanned)
    build = build_of_engine(site.engine, site.catalog)
    judgements = {key: judge_group(site, build, group) for key, group in groups.items()}
    for key, group in groups.items():
        if _adds(judgements[key], compared.judgements[None, key[1]]):
            verdicts = tell(site, build, group, judgements[key], compared.has_doubts)
            report(verdicts, site.allow_unknown, seen)
    for problem in seen.problems:
        findings.problem(problem.path, problem.message, problem.fix)
    _tell_changes(site.joined, seen)
    found = {id(host): judgements[likeness(host, host.wanted.driver_found)] for host in unplanned}
    return {
        "hosts": [_row(host, found.get(id(host)) or _change(host)) for host in site.joined],
        "warnings": list(seen.warnings),
    }


def _adds(found: Judgement, planned: Judgement) -> bool:
    """Whether the plan has not said this already, without the driver."""
    return planned.level in RUNS or LEVELS.index(found.level) > LEVELS.index(planned.level)


def _change(host: Host) -> Judgement:
    wanted, found = host.wanted.driver, host.wanted.driver_found
    if found is None:
        return Judgement(UNKNOWN, "no loaded driver was found")
    if wanted is None or found.is_of(wanted):
        return Judgement(OK, f"driver {found} is loaded")
    return Judgement(
        WARN, f"driver {found} is loaded, but {wanted} is wanted: an installation or a reboot is due"
    )


def _tell_changes(hosts: tuple[Host, ...], seen: Findings) -> None:
    changes: dict[tuple[Driver | None, str], list[str]] = {}
    for host in hosts:
        change = _change(host)
        if change.level == WARN:
            changes.setdefault((host.wanted.driver, change.reason), []).append(host.wanted.name)
    for (_, reason), names in changes.items():
        seen.warn(f"{HOST_DRIVER} of {listed(tuple(names))}: {reason}.")


def _row(host: Host, judgement: Judgement) -> dict[str, Any]:
    wanted, found = host.wanted.driver, host.wanted.driver_found
    return {
        "name": host.wanted.name,
        "driver_wanted": str(wanted) if wanted else None,
        "driver_found": str(found) if found else None,
        "verdict": judgement.level,
        "reasons": [judgement.reason],
    }
