# SPDX-License-Identifier: Apache-2.0
"""The layer of names: whether everybody calls a model as its engine does.

An engine answers 404 to any other name. Other gateways than ours let a lower tier hide that, and then every
request is answered, only by the wrong model. So whatever names a model is compared with the plan and with
what runs: routes, aliases and fallbacks of the gateway, the chat's first model, the ConfigMap for programs
beside the site, and the rows of a platform's registry.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from ...module_utils.model_registry.rows import as_row
from .layer_results import BROKEN, DEGRADED, Finding, broken, degraded, ok, unknown
from .observed_site import FALLBACK_CONFIG, Model, Site

_APPLY = "Run playbooks/site.yml --tags cluster."
_REGISTER = "Run playbooks/registry.yml."


def names(site: Site) -> list[Finding]:
    """Only what differs; one finding where nothing does."""
    found = [*_config_map(site), *_registry(site)]
    if site.gateway_settings is None:
        found.insert(0, unknown("gateway", "its configuration could not be read"))
    else:
        found = [*_routes(site), *_aliases(site), *_fallbacks(site), *_chat(site), *found]
    routes, aliases = len(_live_routes(site)), len(_live_aliases(site))
    return found or [ok("gateway", f"{routes} models and {aliases} aliases are called alike everywhere")]


def name_drift(observations: Any) -> list[str]:
    """One sentence for each difference."""
    found = (row for row in names(Site(observations)) if row.status in (BROKEN, DEGRADED))
    return [f"{row.subject}: {row.evidence.rstrip('.')}. {row.next_step}" for row in found]


def _live_routes(site: Site) -> list[dict[str, Any]]:
    return _rows(site.gateway_settings or {}, "model_list")


def _rows(settings: Any, key: str) -> list[dict[str, Any]]:
    """A list of mappings; what a person broke by hand is left out, and then missing."""
    found = settings.get(key) if isinstance(settings, dict) else None
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def _live_aliases(site: Site) -> dict[str, str]:
    """LiteLLM takes an alias as the model's name, or as a mapping with it."""
    router = (site.gateway_settings or {}).get("router_settings")
    found = router.get("model_group_alias") if isinstance(router, dict) else None
    rows = found.items() if isinstance(found, dict) else ()
    return {str(alias): str(row.get("model") if isinstance(row, dict) else row) for alias, row in rows}


def _known(site: Site) -> set[str]:
    """Every name that the gateway answers to."""
    return {str(row.get("model_name")) for row in _live_routes(site)} | set(_live_aliases(site))


def _parameters(row: Mapping[str, Any]) -> tuple[str, str]:
    found = row.get("litellm_params")
    if not isinstance(found, dict):
        return "", ""
    return str(found.get("model") or ""), str(found.get("api_base") or "")


def _routes(site: Site) -> Iterator[Finding]:
    wanted = {str(row.get("model_name")): row for row in site.plan.get("litellm_models") or []}
    live = _live_routes(site)
    for name in wanted.keys() - {row.get("model_name") for row in live}:
        yield broken(name, "the gateway has no route for it", _APPLY)
    for row in live:
        name = str(row.get("model_name"))
        target, address = _parameters(row)
        asked = target.partition("/")[2]
        model = _engine_at(site, address)
        served = site.served_names(model) if model else []
        if model and served and asked not in served:
            evidence = (
                f"the gateway asks {model.name} for {asked}, but it serves {', '.join(served)}: "
                "the engine answers 404 to every request"
            )
            yield broken(name, evidence, _APPLY)
        elif name not in wanted:
            yield degraded(
                name, "the gateway has a route for it, which the inventory no longer names", _APPLY
            )
        elif (target, address) != _parameters(wanted[name]):
            planned = " at ".join(filter(None, _parameters(wanted[name])))
            shown = " at ".join(filter(None, (target, address)))
            yield broken(name, f"the gateway asks {shown} instead of {planned}", _APPLY)


def _engine_at(site: Site, address: str) -> Model | None:
    """The model whose engine is behind an address: through HAProxy its Service is the path, else the host."""
    parts = urlsplit(address)
    words = {str(parts.hostname or "").partition(".")[0], *parts.path.split("/")}
    return next((model for model in site.models if model.service in words), None)


def _aliases(site: Site) -> Iterator[Finding]:
    wanted = site.plan.get("litellm_aliases") or {}
    live = _live_aliases(site)
    routes = {row.get("model_name") for row in _live_routes(site)}
    for alias, name in wanted.items():
        if alias not in live:
            yield broken(alias, f"the gateway does not know this alias of {name}", _APPLY)
        elif live[alias] != name:
            yield broken(alias, f"at the gateway it stands for {live[alias]} instead of {name}", _APPLY)
    for alias, name in live.items():
        if alias not in wanted and name not in routes:
            told = f"at the gateway it stands for {name}, which has no route"
            yield degraded(alias, told, "Correct litellm_router_settings.")


def _fallbacks(site: Site) -> Iterator[Finding]:
    settings = (site.gateway_settings or {}).get("litellm_settings")
    # An alias that is missing has been told already.
    known = _known(site) | set(site.plan.get("litellm_aliases") or {})
    for key in ("fallbacks", "context_window_fallbacks"):
        for name, chain in (item for row in _rows(settings, key) for item in row.items()):
            below = chain if isinstance(chain, list) else []
            for unfit in [other for other in (name, *below) if other not in known]:
                yield degraded(name, f"{key} of the gateway names {unfit}, which has no route", _APPLY)


def _chat(site: Site) -> Iterator[Finding]:
    for name in site.chat_models:
        if name not in _known(site):
            told = f"a new chat begins with {name}, which the gateway does not have"
            yield degraded("chat", told, "Run playbooks/chat.yml.")


def _config_map(site: Site) -> Iterator[Finding]:
    namespace = site.fallback_config_namespace
    if not namespace or not site.cluster_answers:
        return
    told = site.fallback_config
    if told is None:
        yield degraded(FALLBACK_CONFIG, f"the namespace {namespace} has no such ConfigMap", _APPLY)
        return
    for key, value in (site.plan.get("fallback_config") or {}).items():
        if told.get(key) != value:
            shown = f"{key} is {told.get(key) or 'empty'} instead of {value or 'empty'}"
            yield degraded(FALLBACK_CONFIG, shown, _APPLY)


def _registry(site: Site) -> Iterator[Finding]:
    if site.registry.get("error"):
        yield degraded("registry", str(site.registry["error"]), "Run playbooks/registry.yml --check --diff.")
        return
    present = {str(row.get("name")): row for row in site.registry.get("present") or []}
    wanted = {str(row.get("name")): as_row(row) for row in site.registry.get("wanted") or []}
    for name, row in wanted.items():
        found = present.get(name)
        if found is None:
            yield degraded(name, "the registry has no row of it", _REGISTER)
            continue
        differing = [key for key, value in row.items() if key in found and found[key] != value]
        for key in differing:
            yield degraded(
                name, f"{key} of its registry row is {found[key]} instead of {row[key]}", _REGISTER
            )
    for name in site.registry.get("removed") or []:
        yield degraded(name, "the registry has a row of it, which the inventory no longer names", _REGISTER)
