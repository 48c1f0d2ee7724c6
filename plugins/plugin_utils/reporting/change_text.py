# SPDX-License-Identifier: Apache-2.0
"""What a plan changes, as a person reads it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..text.tables import paragraph, phrases
from ..text.units import many, seconds, size
from .changes import ABSENT, ANSWERS, NOT_COMPARED, REMOVED, SCALED_DOWN, SCALED_UP, UNCHANGED
from .departures import GOES

_SIGNS = {
    "created": "+",
    "restarts": "~",
    "scaled_up": ">",
    "scaled_down": "<",
    "removed": "-",
    "updated": "*",
    "unchanged": "=",
    "unknown": "?",
}
_WORDS = {
    "created": "is created",
    "restarts": "restarts",
    "scaled_up": "is switched on",
    "scaled_down": "is evicted",
    "removed": "is removed",
    "updated": "is updated; nothing of it runs",
    "unchanged": "stays as it is",
    "unknown": "was not compared",
}
_COUNTED = {
    "created": "to create",
    "restarts": "to restart",
    "scaled_up": "to scale up",
    "scaled_down": "to scale down",
    "removed": "to remove",
    "updated": "to update",
    "unchanged": "unchanged",
    "unknown": "not compared",
}
_NONE, _EMPTY = "(none)", "(set)"


def changes_text(comparison: Mapping[str, Any]) -> Iterator[str]:
    """One paragraph per model: what happens, what differs, for how long, who answers meanwhile."""
    yield from _title(comparison)
    for row in comparison["models"]:
        yield from paragraph(f"{row['model']} {_fate(row)}", f"  {_SIGNS[row['status']]} ")
        for change in row["changes"]:
            yield from _change(change)
        if row["status"] == REMOVED:
            yield from paragraph("Its name leaves the gateway.", "      ")
        elif row["away"]:
            yield from paragraph(_meanwhile(row["meanwhile"]), "      ")
    for row in comparison["parts"]:
        yield from _departure(row)
    for row in comparison["elsewhere"]:
        yield from _left_behind(row)
    yield from foreign_text(comparison)


def foreign_text(comparison: Mapping[str, Any]) -> Iterator[str]:
    """What somebody else added by hand, which no run removes."""
    for told in comparison["foreign_fields"]:
        yield from paragraph(f"{told} was added by hand, and a run leaves it there", "  ! ")


def summary_text(comparison: Mapping[str, Any]) -> Iterator[str]:
    """The last line: how much of what."""
    counts = [f"{count} {_COUNTED[status]}" for status, count in comparison["summary"].items() if count]
    counts += [f"{_name(row)} to remove" for row in comparison["parts"] if row["status"] == GOES]
    downloads = comparison["downloads"]
    total = sum(row["bytes"] for row in downloads)
    if total:
        most = "" if all(row["known"] for row in downloads) else "at most "
        more = "" if all(row["complete"] for row in downloads) else " and downloads of unknown size"
        counts.append(f"{most}{size(total)}{more} to download")
    nothing = "nothing to deploy"
    if comparison["cluster"]["state"] == ABSENT:
        nothing = "no model on a GPU; cluster, gateway and the other tiers are installed"
    yield from paragraph(", ".join(counts) or nothing, "Plan: ")


def _title(comparison: Mapping[str, Any]) -> Iterator[str]:
    cluster = comparison["cluster"]
    if cluster["state"] == ANSWERS:
        yield from paragraph(f"compared with {cluster['server']}", "CHANGES  ")
    elif cluster["state"] == ABSENT:
        yield from paragraph(f"there is no cluster yet: {cluster['reason']}", "CHANGES  ")
    else:
        yield from paragraph(f"not compared, no cluster answers: {cluster['reason']}", "CHANGES  ")
    mode = comparison["mode"]
    if mode["live"] and mode["live"] != mode["planned"]:
        yield from paragraph(f"mode {mode['live']} is replaced by mode {mode['planned']}", "  ! ")


def _fate(row: Mapping[str, Any]) -> str:
    live, planned = row["replicas"]["live"], row["replicas"]["planned"]
    if row["status"] in (SCALED_UP, SCALED_DOWN) and live and planned:
        return f"goes from {many(live, 'replica')} to {planned}"
    return _WORDS[row["status"]] + _away(row)


def _away(row: Mapping[str, Any]) -> str:
    away, live, planned = row["away"], row["replicas"]["live"], row["replicas"]["planned"]
    if row["status"] in (UNCHANGED, NOT_COMPARED):
        return f", {many(live, 'replica')}" if row["status"] == UNCHANGED else ""
    if away is None:
        return ", at 0 replicas" if not planned else ""
    if away["seconds_at_most"] is None:
        return f" until {away['until']} is switched on again" if away["until"] else " for good"
    verb = "is away for" if row["status"] == "restarts" else "answers after"
    told = f" and {verb} at most {seconds(away['seconds_at_most'])}"
    if away["last_start_seconds"] is not None:
        told += f" (its last start took {seconds(away['last_start_seconds'])})"
    more = [*_image_pull(row), *_download(row)]
    return told + (f", plus {' and '.join(more)}" if more else "")


def _image_pull(row: Mapping[str, Any]) -> Iterator[str]:
    if row["pulls_image"]:
        yield "the pull of the image"


def _download(row: Mapping[str, Any]) -> Iterator[str]:
    if row["download_bytes"] is None:
        yield "the download"
    elif row["download_bytes"]:
        yield f"{size(row['download_bytes'])} of download"


def _change(change: Mapping[str, Any]) -> Iterator[str]:
    """Arguments and places in a pod need no further explanation."""
    parts = [change["name"]] if change["field"] in ("arguments", "pod") else [change["field"], change["name"]]
    # An argument without a value and a variable that is empty are there all the same.
    old, new = (_NONE if value is None else value or _EMPTY for value in (change["old"], change["new"]))
    yield from phrases([f"{' '.join(filter(None, parts))}:", old, "->", new], "      ")


def _name(row: Mapping[str, Any]) -> str:
    return f"the {row['tier'].upper()} tier" if row["tier"] else f"the {row['part']}"


def _departure(row: Mapping[str, Any]) -> Iterator[str]:
    """A part that the inventory no longer asks for."""
    if row["status"] == GOES:
        objects = [line.split(" ", 1)[1].replace(f"{row['namespace']}/", "") for line in row["objects"]]
        yield from paragraph(f"{_name(row)} is removed: {', '.join(objects)}", "  - ")
        if row["folders"]:
            told = f"Its downloaded models stay in {', '.join(row['folders'])} of its node."
            yield from paragraph(told, "      ")
    else:
        told = f"{_name(row)} stays, though the inventory does not ask for it: site.yml leaves it alone"
        yield from paragraph(told, "  = ")
        yield from paragraph("playbooks/chat.yml -e chat_state=absent removes it.", "      ")


def _left_behind(row: Mapping[str, Any]) -> Iterator[str]:
    """What another namespace keeps, and the command that removes it in a line of its own."""
    told = (
        f"namespace {row['namespace']} still has {many(len(row['objects']), 'object')} of "
        f"{', '.join(row['owners'])}, and a run leaves them there."
    )
    if row["with_gpus"]:
        told += f" The GPUs of {', '.join(row['with_gpus'])} are not free before they are gone."
    if row["blocked"]:
        ports = ", ".join(map(str, row["node_ports"]))
        told += f" A run stops as long as {', '.join(row['blocked'])} wants node port {ports}, too."
    lost = f", with the data of the claim {', '.join(row['claims'])}" if row["claims"] else ""
    yield from paragraph(f"{told} Unless another site is served from there, remove it{lost}:", "  ! ")
    yield from phrases([row["removal"]], "      ")


def _meanwhile(others: Sequence[Mapping[str, str]]) -> str:
    if not others:
        return "No other tier answers meanwhile."
    return "In its place answers " + ", then ".join(f"{row['model']} ({row['tier']})" for row in others) + "."
