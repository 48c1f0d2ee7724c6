# SPDX-License-Identifier: Apache-2.0
"""Has a workload rolled out, and if not, why not? Pure: objects in, words out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from .engine_logs import Diagnosis

# A container that waits for one of these will not start without somebody changing something.
HOPELESS = frozenset({"InvalidImageName", "ErrImageNeverPull", "CreateContainerError", "RunContainerError"})
PULLING = frozenset({"ErrImagePull", "ImagePullBackOff"})
MISSING_IMAGE = ("not found", "manifest unknown", "does not exist")
# Kubelets back off 10, 20, 40 seconds: a container that failed this often fails for a reason that stays.
CRASHES = 3
# Phases of a pod that has ended. Its controller makes another one, and Kubernetes keeps the dead one for
# long: after a reboot of its node (UnexpectedAdmissionError), after an eviction.
ENDED = ("Failed", "Succeeded")


class Progress(NamedTuple):
    done: bool
    summary: str


class Trouble(NamedTuple):
    """Why a pod does not serve."""

    pod: str
    reason: str
    message: str
    container: str = ""
    restarts: int = 0
    hopeless: bool = False

    def __str__(self) -> str:
        where = f"pod {self.pod}" + (f", container {self.container}" if self.container else "")
        again = f" after {self.restarts} restarts" if self.restarts else ""
        return f"{where}: {self.reason}{again}" + (f": {self.message}" if self.message else "")


def progress(found: Mapping[str, Any] | None) -> Progress:
    """How far the controller has come with what the object asks for."""
    if found is None:
        return Progress(False, "does not exist")
    metadata, spec, status = (found.get(part) or {} for part in ("metadata", "spec", "status"))
    if found.get("kind") == "Job":
        return _job_progress(spec, status)
    if int(status.get("observedGeneration") or 0) < int(metadata.get("generation") or 0):
        return Progress(False, "has not been processed by its controller yet")
    if found.get("kind") == "DaemonSet":
        wanted = int(status.get("desiredNumberScheduled") or 0)
        updated = int(status.get("updatedNumberScheduled") or 0)
        available = int(status.get("numberAvailable") or 0)
        if (spec.get("updateStrategy") or {}).get("type") == "OnDelete":
            updated = wanted
    else:
        replicas = spec.get("replicas")
        wanted = 1 if replicas is None else int(replicas)
        updated = int(status.get("updatedReplicas") or 0)
        available = int(status.get("availableReplicas") or 0)
        if wanted == 0:
            return Progress(True, "is scaled to 0")
    if updated < wanted:
        return Progress(False, f"{updated} of {wanted} pods are of the current version")
    if available < wanted:
        return Progress(False, f"{available} of {wanted} pods are available")
    if found.get("kind") == "Deployment" and int(status.get("replicas") or 0) > updated:
        return Progress(False, f"{int(status['replicas']) - updated} pods of the previous version remain")
    return Progress(True, f"{available} of {wanted} pods are available")


def selector(found: Mapping[str, Any]) -> str:
    """The label selector of a workload's pods."""
    labels = ((found.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def troubles(pods: Iterable[Mapping[str, Any]]) -> list[Trouble]:
    """What keeps each pod from being ready; nothing for pods that are ready or on their way out."""
    found: list[Trouble] = []
    for pod in pods:
        metadata, status = pod.get("metadata") or {}, pod.get("status") or {}
        if metadata.get("deletionTimestamp") or _is_ready(status) or status.get("phase") == "Succeeded":
            continue
        name = str(metadata.get("name"))
        found.extend(
            _unscheduled(name, status) or _containers(name, status) or [_whole_pod(name, status)],
        )
    return found


def telling_pods(found: Mapping[str, Any] | None, pods: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that tell how a workload is: of the pods with which a Job failed, only the last one.

    Elsewhere those that have not ended, where there are any.
    """
    if (found or {}).get("kind") != "Job":
        return [pod for pod in pods if _phase(pod) not in ENDED] or list(pods)
    failed = [pod for pod in pods if _phase(pod) == "Failed"]
    failed.sort(key=lambda pod: str(pod["metadata"].get("creationTimestamp") or ""))
    return [pod for pod in pods if pod not in failed[:-1]]


def is_hopeless(found: Mapping[str, Any] | None, pods: Iterable[Mapping[str, Any]]) -> bool:
    """Whether time does not cure what keeps a workload from rolling out."""
    if hopeless_complaints(found or {}):
        return True
    # How often a container may fail is up to the Job.
    endless = (found or {}).get("kind") != "Job"
    return any(one.hopeless and (endless or one.reason in HOPELESS | PULLING) for one in troubles(pods))


def _phase(pod: Mapping[str, Any]) -> str:
    return str((pod.get("status") or {}).get("phase") or "")


def ready_pods(pods: Iterable[Mapping[str, Any]]) -> list[str]:
    """Names of the pods that serve."""
    return sorted(
        str(pod["metadata"]["name"])
        for pod in pods
        if _is_ready(pod.get("status") or {}) and not pod["metadata"].get("deletionTimestamp")
    )


def controller_complaints(found: Mapping[str, Any]) -> list[str]:
    """Conditions in which the controller itself says that it cannot make pods (quota, policy)."""
    lines = []
    for condition in (found.get("status") or {}).get("conditions") or []:
        if condition.get("type") == "ReplicaFailure" and condition.get("status") == "True":
            lines.append(f"{condition.get('reason')}: {condition.get('message')}")
    if _is_failed_job(found):
        metadata = found.get("metadata") or {}
        delete = f"kubectl -n {metadata.get('namespace')} delete job {metadata.get('name')}"
        lines.append(f"It does not start again by itself. Once the cause is gone: {delete}, and run again.")
    return lines


def hopeless_complaints(found: Mapping[str, Any]) -> list[str]:
    """Complaints that time does not cure: what the pods name is not installed, or a Job has failed."""
    return [
        line
        for line in controller_complaints(found)
        if _is_failed_job(found)
        or ("RuntimeClass" in line and "not found" in line)
        or "violates PodSecurity" in line
    ]


def warnings(events: Iterable[Mapping[str, Any]], last: int = 3) -> list[str]:
    """The newest warnings among events, without repetition."""
    relevant = [event for event in events if event.get("type") == "Warning"]
    relevant.sort(key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or ""))
    lines: list[str] = []
    for event in reversed(relevant):
        line = f"{event.get('reason')}: {' '.join(str(event.get('message') or '').split())}"
        if line not in lines:
            lines.append(line)
    return lines[:last]


def report(
    name: str,
    state: Progress,
    found: Sequence[Trouble],
    notes: Mapping[str, Sequence[str]],
    logs: Mapping[str, str],
    causes: Mapping[str, Diagnosis],
) -> str:
    """One workload's failure for a person to read: state, cause, events, the end of the log."""
    lines = [f"{name} {state.summary}."]
    lines.extend(f"  {line}" for line in notes.get("", ()))
    for trouble in found:
        lines.append(f"  {trouble}")
        lines.extend(f"    event: {line}" for line in notes.get(trouble.pod, ()))
        source = f"{trouble.pod}/{trouble.container}"
        if source in causes:
            lines.append(f"    cause: {causes[source]}")
            lines.append(f"    told by: {causes[source].line}")
        tail = logs.get(source, "").rstrip().splitlines()
        if tail:
            lines.append("    last lines of its log:")
            lines.extend(f"      {line}" for line in tail)
    return "\n".join(lines)


def _job_progress(spec: Mapping[str, Any], status: Mapping[str, Any]) -> Progress:
    if spec.get("suspend"):
        return Progress(True, "is suspended")
    ended = _ending_of_job(status)
    if ended.get("type") == "Complete":
        return Progress(True, "is complete")
    if ended:
        return Progress(False, f"has failed: {ended.get('message') or ended.get('reason')}")
    wanted = spec.get("completions")
    return Progress(False, f"{int(status.get('succeeded') or 0)} of {wanted or 1} pods are complete")


def _ending_of_job(status: Mapping[str, Any]) -> Mapping[str, Any]:
    for condition in status.get("conditions") or []:
        if condition.get("type") in ("Complete", "Failed") and condition.get("status") == "True":
            return dict(condition)
    return {}


def _is_failed_job(found: Mapping[str, Any]) -> bool:
    is_job = found.get("kind") == "Job"
    return is_job and _ending_of_job(found.get("status") or {}).get("type") == "Failed"


def _is_ready(status: Mapping[str, Any]) -> bool:
    conditions = status.get("conditions") or []
    return any(item.get("type") == "Ready" and item.get("status") == "True" for item in conditions)


def _unscheduled(name: str, status: Mapping[str, Any]) -> list[Trouble]:
    for condition in status.get("conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return [Trouble(name, str(condition.get("reason")), str(condition.get("message") or ""))]
    return []


def _containers(name: str, status: Mapping[str, Any]) -> list[Trouble]:
    found = []
    for entry in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        state = entry.get("state") or {}
        restarts = int(entry.get("restartCount") or 0)
        container = str(entry.get("name"))
        ended = state.get("terminated") or (entry.get("lastState") or {}).get("terminated") or {}
        if state.get("waiting"):
            reason = str(state["waiting"].get("reason") or "Waiting")
            message = " ".join(str(state["waiting"].get("message") or "").split())
            if reason in ("PodInitializing", "ContainerCreating") and not restarts:
                continue
            if ended:
                message = f"ended with {_ending(ended)}" + (f"; {message}" if message else "")
            hopeless = (
                reason in HOPELESS
                or (reason in PULLING and any(sign in message for sign in MISSING_IMAGE))
                or (reason == "CrashLoopBackOff" and restarts >= CRASHES)
            )
            found.append(Trouble(name, reason, message, container, restarts, hopeless))
        elif state.get("terminated") and int(ended.get("exitCode") or 0) != 0:
            found.append(Trouble(name, "Ended", _ending(ended), container, restarts, restarts >= CRASHES))
        elif "running" in state and not entry.get("ready"):
            message = f"ended before with {_ending(ended)}" if ended else ""
            found.append(Trouble(name, "runs but is not ready", message, container, restarts))
    return found


def _ending(ended: Mapping[str, Any]) -> str:
    reason = str(ended.get("reason") or "")
    code = f"exit code {ended.get('exitCode')}"
    return f"{reason} ({code})" if reason and reason != "Error" else code


def _whole_pod(name: str, status: Mapping[str, Any]) -> Trouble:
    reason = str(status.get("reason") or status.get("phase") or "Pending")
    return Trouble(name, reason, str(status.get("message") or ""))
