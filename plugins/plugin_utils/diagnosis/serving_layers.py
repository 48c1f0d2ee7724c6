# SPDX-License-Identifier: Apache-2.0
"""The layers that answer: the engine's process, the model that it names, and the gateway in front."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ..text.units import seconds
from .cluster_layers import explain, has_started
from .layer_results import Finding, broken, degraded, not_applicable, ok, unknown
from .network_policies import refusing_policies
from .observed_site import CHAT, CLOUD_TIER, DEVICE_PLUGIN, GATEWAY, GPU_TIER, Model, Part, Site


def engine(site: Site) -> list[Finding]:
    """Does the engine of each wanted model live?"""
    if not site.wanted_models:
        return [not_applicable("engines", f"mode {site.mode} wants no engine")]
    return [_engine(site, model) for model in site.wanted_models]


def model(site: Site) -> list[Finding]:
    """Does each engine name the model by which clients ask for it?"""
    if not site.wanted_models:
        return [not_applicable("models", f"mode {site.mode} wants no model")]
    return [_model(site, wanted) for wanted in site.wanted_models]


def gateway(site: Site) -> list[Finding]:
    """Does the gateway answer, with this key, and from the tier that should?"""
    seen = site.gateway
    if not seen:
        return [unknown("gateway", "nobody asked it")]
    if not seen.get("reachable") or not seen.get("alive"):
        return [_gateway_away(site)]
    if not seen.get("has_key"):
        return [
            unknown("gateway", f"{seen.get('url')} answers, but no key was given (inference_gateway_key)")
        ]
    if seen.get("refused"):
        return [
            broken(
                "gateway",
                f"{seen.get('url')} refuses the key: {seen.get('error')}",
                "Set inference_gateway_key to a key of litellm_keys; a new one works after "
                "playbooks/site.yml --tags cluster.",
            )
        ]
    return [*_answers(site), *_lower_tiers(site), *_other_parts(site)]


def _engine(site: Site, wanted: Model) -> Finding:
    pods = site.engine_workload(wanted).get("pods") or []
    if not has_started(site, wanted):
        return unknown(wanted.name, "no pod of it has started")
    for row in pods:
        if reason := site.stall_of(row):
            return broken(
                wanted.name,
                f"the engine in pod {row['name']} hangs: {reason}",
                "It gets no requests, and is restarted after vllm_stall_restart_seconds. See"
                f" 'kubectl -n {site.namespace} logs {row['name']} -c vllm', later with --previous.",
            )
    serving = [row for row in pods if row.get("ready")]
    if not serving:
        return _not_ready(site, wanted, pods[0])
    silent = [row for row in serving if (site.engine_of(row) or {"alive": True}).get("alive") is not True]
    if silent:
        said = (site.engine_of(silent[0]) or {}).get("error")
        name = silent[0]["name"]
        return broken(
            wanted.name,
            f"pod {name} counts as ready, but its engine does not answer on its own node: {said}",
            f"See 'kubectl -n {site.namespace} logs {name}'; delete the pod to start a new one.",
        )
    restarts = sum(int(row.get("restarts") or 0) for row in serving)
    again = f", restarted {restarts} times" if restarts else ""
    return ok(wanted.name, f"{len(serving)} of {len(pods)} engines serve{again}")


def _not_ready(site: Site, wanted: Model, row: Mapping[str, Any]) -> Finding:
    logs = (
        f"See 'kubectl -n {site.namespace} logs {row['name']}{' --previous' if row.get('restarts') else ''}'."
    )
    cause = row.get("cause")
    if cause:
        return broken(
            wanted.name, f"the engine's log says: {cause['told']} ({cause['line']})", f"{cause['fix']}."
        )
    age = _age(site, row)
    if not row.get("restarts") and age is not None and age < wanted.load_timeout:
        return degraded(
            wanted.name,
            f"the engine has been loading for {seconds(age)} of at most {seconds(wanted.load_timeout)}",
            "Wait, or try again later.",
        )
    last = next((line for line in reversed(row.get("log") or []) if line.strip()), "")
    told = explain(row) or f"pod {row['name']} is not ready"
    return broken(wanted.name, f"{told}{'; its log ends with: ' + last.strip() if last else ''}", logs)


def _age(site: Site, row: Mapping[str, Any]) -> float | None:
    """Seconds since the engine's process started."""
    try:
        started = datetime.fromisoformat(str(row.get("running_since")).replace("Z", "+00:00")).timestamp()
    except ValueError:
        return None
    return max(0.0, site.now - started)


def _model(site: Site, wanted: Model) -> Finding:
    serving = [row for row in site.engine_workload(wanted).get("pods") or [] if row.get("ready")]
    asked = [(row, site.engine_of(row)) for row in serving]
    for row, seen in asked:
        if seen and seen.get("alive") and wanted.served_name not in (seen.get("models") or []):
            named = ", ".join(seen.get("models") or []) or "nothing"
            return broken(
                wanted.name,
                f"the engine in pod {row['name']} names {named} instead of {wanted.served_name}",
                "Run playbooks/site.yml --tags cluster, which applies the plan's arguments again.",
            )
    if any(seen and seen.get("alive") for _, seen in asked):
        return ok(wanted.name, f"its engine names {wanted.served_name}")
    told = site.answer_for(wanted.served_name) or {}
    if told.get("answered") and told.get("tier") == GPU_TIER:
        return ok(wanted.name, f"the gateway reached it as {wanted.served_name}")
    return unknown(wanted.name, "its engine was not asked")


def _gateway_away(site: Site) -> Finding:
    part = site.part(GATEWAY)
    found, where = part.workload, part.where
    told = str(site.gateway.get("error") or "it does not answer")
    next_step = f"See 'kubectl -n {site.namespace} describe {where}', and inference_gateway_url."
    if found and not found.get("exists"):
        return broken("gateway", f"{told}; {where} does not exist", "Run playbooks/site.yml --tags cluster.")
    if found and not found.get("wanted"):
        return broken(
            "gateway",
            f"{told}; {where} is scaled to 0",
            f"Run 'kubectl -n {site.namespace} scale {where} --replicas=1'.",
        )
    troubles = [row for row in part.pods if row.get("troubles")]
    if troubles and not any(row.get("ready") for row in part.pods):
        cause = troubles[0].get("cause") or {}
        detail = explain(troubles[0]) + (f" ({cause['told']})" if cause else "")
        next_step = f"See 'kubectl -n {site.namespace} logs {troubles[0]['name']}'."
        return broken("gateway", f"{told}; {detail}", next_step)
    return broken("gateway", told, next_step)


def _answers(site: Site) -> Iterator[Finding]:
    wanted = {row.served_name: row for row in site.wanted_models}
    tier_models = {name for tier in site.lower_tiers for name in tier.get("models") or []}
    for told in site.answers():
        name = str(told.get("model"))
        if name in wanted:
            yield _answer(site, wanted[name], told)
        elif name not in tier_models:
            yield _answer_for_another_mode(site, told)


def _answer_for_another_mode(site: Site, told: Mapping[str, Any]) -> Finding:
    name = told.get("model")
    if told.get("answered"):
        return ok("gateway", f"{name}: tier {told.get('tier')} answers in mode {site.mode}")
    if not site.lower_tiers:
        return not_applicable("gateway", f"{name} is off in mode {site.mode}, and the site has no other tier")
    return broken(
        "gateway",
        f"{name} is off in mode {site.mode}, and no other tier answers for it: {told.get('error')}",
        _gateway_log(site),
    )


def _answer(site: Site, wanted: Model, told: Mapping[str, Any]) -> Finding:
    if not told.get("answered"):
        unnamed = wanted.served_name not in (site.gateway.get("models") or [])
        return broken(
            "gateway",
            f"{wanted.served_name} is not answered: {told.get('error')}",
            "Run playbooks/site.yml --tags cluster: the gateway does not name the model."
            if unnamed
            else _gateway_log(site),
        )
    if told.get("tier") == GPU_TIER:
        return ok(
            "gateway", f"{wanted.served_name}: tier gpu answered in {float(told.get('latency_s') or 0):.2f} s"
        )
    return degraded("gateway", *_why_lower(site, wanted, told))


def _why_lower(site: Site, wanted: Model, told: Mapping[str, Any]) -> tuple[str, str]:
    """The evidence and the next step for an answer from a lower tier."""
    evidence = f"{wanted.served_name}: tier {told.get('tier')} answered instead of gpu"
    if not any(row.get("ready") for row in site.engine_workload(wanted).get("pods") or []):
        return evidence, "Repair the engine first."
    policies = refusing_policies(
        site.cluster.get("network_policies") or [],
        site.engine_workload(wanted).get("labels") or {},
        site.part(GATEWAY).workload.get("labels") or {},
        site.namespace,
    )
    if policies:
        return (
            f"{evidence}; NetworkPolicy {', '.join(policies)} does not let the gateway reach the engine",
            "Run playbooks/site.yml --tags cluster, and check vllm_allowed_peers.",
        )
    # The gateway asks the second one, and what else is in the cluster the first.
    for service in (wanted.service, site.service_of_pods(wanted)):
        if not (site.cluster.get("services") or {}).get(service, 0):
            return (
                f"{evidence}; no ready pod belongs to Service {service}",
                "Run playbooks/site.yml --tags cluster, which applies it again.",
            )
    return (
        f"{evidence}, though its engine serves",
        _gateway_log(site, " for why it did not use the engine"),
    )


def _gateway_log(site: Site, purpose: str = "") -> str:
    return f"See 'kubectl -n {site.namespace} logs deployment/{site.part(GATEWAY).name}'{purpose}."


def _lower_tiers(site: Site) -> Iterator[Finding]:
    """Tiers that answer when the GPU does not. The paid one is not asked."""
    for tier in site.lower_tiers:
        if tier.get("name") == CLOUD_TIER:
            continue
        part = site.part_of_tier(tier)
        found, name = (part.workload, part.name) if part else ({}, "")
        asked = [told for told in site.answers() if told.get("model") in (tier.get("models") or [])]
        subject = f"tier {tier.get('name')}"
        if found.get("exists") and not found.get("wanted"):
            scale = f"Run 'kubectl -n {site.namespace} scale deployment {name} --replicas=1'."
            yield degraded(
                subject, f"deployment {name} is scaled to 0, so no tier answers when the GPU does not", scale
            )
        elif asked and not asked[0].get("answered"):
            next_step = f"See 'kubectl -n {site.namespace} logs deployment/{name}'."
            yield degraded(
                subject, f"{asked[0]['model']} is not answered: {asked[0].get('error')}", next_step
            )
        elif asked and asked[0].get("tier") != tier.get("name"):
            told = f"{asked[0]['model']}: tier {asked[0].get('tier')} answered instead"
            yield degraded(subject, told, f"See 'kubectl -n {site.namespace} logs deployment/{name}'.")
        elif asked:
            yield ok(
                subject, f"{asked[0]['model']} answered in {float(asked[0].get('latency_s') or 0):.2f} s"
            )


def _other_parts(site: Site) -> Iterator[Finding]:
    """What is neither a tier nor looked at before, such as the chat. No finding for what a site has not."""
    for part in site.parts:
        if part.part not in (GATEWAY, DEVICE_PLUGIN) and not part.tier:
            yield from _other_part(site, part)


def _other_part(site: Site, part: Part) -> Iterator[Finding]:
    found, where = part.workload, part.where
    if not found or not (part.is_wanted or found.get("exists")):
        return
    ready = [row for row in part.pods if row.get("ready")]
    if not found.get("exists"):
        playbook = "chat.yml" if part.part == CHAT else "site.yml"
        yield degraded(part.part, f"{where} does not exist", f"Run playbooks/{playbook}.")
    elif not found.get("wanted"):
        scale = f"Run 'kubectl -n {part.namespace or site.namespace} scale {where} --replicas=1'."
        yield degraded(part.part, f"{where} is scaled to 0", scale)
    elif not ready:
        told = next((explain(row) for row in part.pods if explain(row)), f"no pod of {where} is ready")
        look = f"See 'kubectl -n {part.namespace or site.namespace} describe {where}'."
        yield degraded(part.part, told, look)
    else:
        yield ok(part.part, f"pod {ready[0]['name']} is ready")
