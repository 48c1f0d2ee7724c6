"""A server: the control plane, and the node that it runs on."""

from __future__ import annotations

import asyncio

from . import addons, agent, arguments, log, network
from .agent import Node, node_exists, until
from .api import Api, ApiError, Object, Unreachable
from .control_plane import Prepared, prepare
from .options import ServerOptions
from .processes import Program
from .tokens import Token, bootstrap_token, ca_hash

_RETRY_S = 0.3
_ROLE_LABELS = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")


async def run(node: Node, options: ServerOptions) -> None:
    """Start a server; return when its API answers and its own node is part of the cluster."""
    address = options.node_ip[0] if options.node_ip else network.own_address()
    options.node_ip = [address]
    prepared = await asyncio.to_thread(prepare, options, address)
    token = Token(prepared.passwords[0], ca_hash(prepared.ca.read_bytes()))
    joining = node.tasks.create_task(_join_own(node, prepared, token))
    api = Api.with_certificate(prepared.local_url, prepared.ca, prepared.administrator)
    await _start_control_plane(node, options, address, api)
    await _apply(api, _needed_for_joining(prepared))
    node.tasks.create_task(_apply(api, _addons(options, node)))
    node.tasks.create_task(asyncio.to_thread(_forget_old_tokens, api, prepared.passwords))
    await joining
    await until(lambda: node_exists(api, options.name))
    await _apply_roles(api, options.name)
    log.info("k3s is up and running")


async def _join_own(node: Node, prepared: Prepared, token: Token) -> None:
    await agent.run(node, prepared.local_url, token, at_home=True)


async def _start_control_plane(node: Node, options: ServerOptions, address: str, api: Api) -> None:
    def start(name: str, flags: dict[str, str], extra: list[str]) -> None:
        command = arguments.command(node.programs / name, flags, extra)
        # The API server would wait for the end of watches that pods hold; its state is safe in kine.
        grace_s = 2.0 if name == "kube-apiserver" else 10.0
        node.supervisor.start(Program(name, command, noise=agent.noise(options), grace_s=grace_s))

    socket = options.layout.server / "kine.sock"
    socket.unlink(missing_ok=True)
    start("kine", arguments.kine(options), [])
    await until(socket.exists)
    start("kube-apiserver", arguments.api_server(options, address), options.kube_apiserver_arg)
    await until(api.is_ready)
    log.info("The API server is ready")
    start(
        "kube-controller-manager", arguments.controller_manager(options), options.kube_controller_manager_arg
    )
    if not options.disable_scheduler:
        start("kube-scheduler", arguments.scheduler(options), options.kube_scheduler_arg)


def _needed_for_joining(prepared: Prepared) -> list[Object]:
    tokens = [addons.bootstrap_secret(*bootstrap_token(password)) for password in prepared.passwords]
    # The CA comes last: nodes that find it find the rest too.
    return [
        *tokens,
        *addons.node_accounts(),
        *addons.joining(prepared.settings.as_dict(), prepared.public_kubeconfig),
    ]


def _addons(options: ServerOptions, node: Node) -> list[Object]:
    objects: list[Object] = []
    if "runtimes" not in options.disable:
        objects += addons.runtime_classes()
    if "coredns" not in options.disable:
        objects += addons.cluster_dns(options, node.manifest.pause_image, options.layout)
    return objects


async def _apply(api: Api, objects: list[Object]) -> None:
    """Apply objects one after the other, each until the API server takes it."""
    for item in objects:
        complaint = ""
        while True:
            try:
                await asyncio.to_thread(api.apply, item)
                break
            except (ApiError, Unreachable) as error:
                # A namespace or a role of Kubernetes' own may not be there yet.
                if str(error) != complaint:
                    complaint = str(error)
                    log.info(f"Unable to apply {item['kind']} {item['metadata']['name']} yet: {complaint}")
                await asyncio.sleep(_RETRY_S)


async def _apply_roles(api: Api, name: str) -> None:
    # A kubelet may not give itself these labels.
    patch = {"metadata": {"labels": dict.fromkeys(_ROLE_LABELS, "true")}}
    while True:
        try:
            await asyncio.to_thread(
                api.call, "PATCH", f"/api/v1/nodes/{name}", patch, "application/merge-patch+json"
            )
            return
        except (ApiError, Unreachable):
            await asyncio.sleep(_RETRY_S)


def _forget_old_tokens(api: Api, passwords: tuple[str, ...]) -> None:
    """Remove the secrets of agent tokens that are no longer the configuration's."""
    valid = {f"bootstrap-token-{bootstrap_token(password)[0]}" for password in passwords}
    folder = "/api/v1/namespaces/kube-system/secrets"
    selector = (
        "labelSelector=app.kubernetes.io/managed-by=k3s&fieldSelector=type=bootstrap.kubernetes.io/token"
    )
    try:
        for item in api.call("GET", f"{folder}?{selector}").get("items", []):
            if item["metadata"]["name"] not in valid:
                api.call("DELETE", f"{folder}/{item['metadata']['name']}")
    except (ApiError, Unreachable) as error:
        log.warning(f"Unable to remove old tokens: {error}")
