"""A cluster and a gateway whose headers change when a Deployment is scaled, killed or frozen."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

from tests.unit.plugins.modules.cluster_documents import kubeconfig, resources
from tests.unit.plugins.pod_commands import STDERR, accept, command_of, ended, said
from tests.unit.plugins.scripted_server import Exchange, ScriptedServer, answer

CHAT = "POST /v1/chat/completions"
RECORD = "/api/v1/namespaces/ml/configmaps/inference-drill"
ADDRESSES = {
    "gpu": "http://engine.ml.svc.cluster.local:8000",
    "cpu": "http://ollama.ml.svc.cluster.local:11434",
}
TIER_MAP = {address: tier for tier, address in ADDRESSES.items()}
TIERS = [
    {"name": "gpu", "model": "big", "deployment": "engine"},
    {"name": "cpu", "model": "small", "deployment": "ollama"},
]
OWNER = "inference-mode"
_DEPLOYMENTS = "/apis/apps/v1/namespaces/ml/deployments"
_PORT = {"name": "http", "containerPort": 8000, "protocol": "TCP"}
_IPS = {"engine": "10.0.0.1", "vllm-qwen3-8b-awq": "10.0.0.1", "ollama": "10.0.0.2"}
_PODS = "/api/v1/namespaces/ml/pods"
_SERVICES = "/api/v1/namespaces/ml/services"
POLICY = "/apis/networking.k8s.io/v1/namespaces/ml/networkpolicies/inference-drill"
SUBSTITUTE = "inference.stack/drill"
_LAST = b"data: [DONE]\n\n"


@dataclass
class DrillSite:
    """``flaws`` are what goes wrong.

    ``fails``: 500 while a tier is away. ``slow``: the next tier answers late for the model. ``anonymous``: no
    header names the tier. ``cut``: the first stream without the GPU breaks off. ``rude``: 500 when nobody is
    left. ``lost``: a tier stays away. ``restart``: of the gateway. ``shell``: no process can be frozen.
    ``unscalable``: the API refuses to scale up. ``open``: the network enforces no policy. ``headful``: no
    headless Service leads to the pods. ``crash``: the pod that should answer instead is never ready.
    """

    server: ScriptedServer
    flaws: set[str] = field(default_factory=set)
    engine: str = "engine"
    model: str = "big"
    cpu_model: str = "small"
    replicas: dict[str, int] = field(default_factory=dict)
    frozen: set[str] = field(default_factory=set)
    killed: dict[str, float] = field(default_factory=dict)
    record: dict[str, Any] | None = None
    history: list[str] = field(default_factory=list)
    managers: list[str] = field(default_factory=list)
    addresses: dict[str, str] = field(default_factory=lambda: dict(ADDRESSES))
    policy: dict[str, Any] | None = None
    selectors: dict[str, dict[str, str]] = field(default_factory=dict)
    substitutes: dict[str, dict[str, Any]] = field(default_factory=dict)
    gateway_looks: int = 0
    cuts: int = 0

    def serve(self) -> DrillSite:
        self.replicas = {self.engine: 1, "ollama": 1}
        self.selectors = {f"{name}-pods": {"app": name} for name in self.replicas}
        routes = self.server.routes
        routes["GET /api/v1"] = lambda exchange: exchange.reply(resources(("ConfigMap", "configmaps", True)))
        routes["GET /apis/networking.k8s.io/v1"] = lambda exchange: exchange.reply(
            resources(("NetworkPolicy", "networkpolicies", True))
        )
        routes["GET /apis/apps/v1"] = lambda exchange: exchange.reply(
            resources(("Deployment", "deployments", True))
        )
        for name in (*self.replicas, "litellm"):
            self._serve_deployment(name)
        routes["GET /api/v1/namespaces/ml/pods"] = self._pods
        routes["GET /api/v1/namespaces/ml/services"] = self._services
        routes["POST /api/v1/namespaces/ml/pods"] = self._start_pod
        for name in self.replicas:
            routes[f"GET {_PODS}/inference-drill-{name}"] = self._show_substitute
            routes[f"DELETE {_PODS}/inference-drill-{name}"] = self._stop_substitute
            routes[f"GET {_SERVICES}/{name}-pods"] = self._show_service
            routes[f"PATCH {_SERVICES}/{name}-pods"] = self._lead
        routes[f"GET {POLICY}"] = self._show_policy
        routes[f"PATCH {POLICY}"] = self._keep_policy
        routes[f"DELETE {POLICY}"] = self._clear_policy
        routes[f"GET {RECORD}"] = self._show_record
        routes[f"PATCH {RECORD}"] = self._keep_record
        routes[f"DELETE {RECORD}"] = self._clear_record
        routes[CHAT] = self._chat
        return self

    def options(self, **more: Any) -> dict[str, Any]:
        return {
            "kubeconfig": kubeconfig(self.server),
            "base_url": self.server.url,
            "namespace": "ml",
            "tiers": TIERS,
            "tier_map": TIER_MAP,
            "requests": 60,
            "pause": 0.002,
            "gateway": "litellm",
            "return_timeout": 5,
            # The machine that runs the tests may be busy.
            "first_limit": 10,
            "steady_limit": 10,
            **more,
        }

    def up(self, name: str) -> bool:
        is_killed = time.monotonic() < self.killed.get(name, 0)
        is_away = name in self.frozen or self.is_cut_off(name) or self.substitute(name).get("failing")
        return bool(self.replicas[name]) and not is_away and not is_killed

    def is_cut_off(self, name: str) -> bool:
        """Labels and addresses have to agree, as different networks go by one of them."""
        if self.policy is None or "open" in self.flaws:
            return False
        allowed = self.policy["spec"]["egress"][0]["to"]
        by_label = not any(
            all(name not in row["values"] for row in peer["podSelector"]["matchExpressions"])
            for peer in allowed
            if "podSelector" in peer
        )
        by_address = all(f"{_IPS[name]}/32" in p["ipBlock"]["except"] for p in allowed if "ipBlock" in p)
        assert by_label == by_address
        assert self.policy["spec"]["podSelector"] == {"matchLabels": {"app": "litellm"}}
        return by_label

    def substitute(self, name: str) -> dict[str, Any]:
        """The settings of what answers instead of a Deployment's pods."""
        led_to = self.selectors[f"{name}-pods"].get(SUBSTITUTE, "")
        return self.substitutes.get(led_to, {})

    def _serve_deployment(self, name: str) -> None:
        routes = self.server.routes
        routes[f"GET {_DEPLOYMENTS}/{name}"] = lambda exchange: exchange.reply(self._deployment(name))
        routes[f"PATCH {_DEPLOYMENTS}/{name}/scale"] = lambda exchange: self._scale(exchange, name)
        routes[f"DELETE /api/v1/namespaces/ml/pods/{name}-1"] = lambda exchange: self._kill(exchange, name)
        routes[f"GET /api/v1/namespaces/ml/pods/{name}-1/exec"] = lambda exchange: self._exec(exchange, name)

    def _deployment(self, name: str) -> dict[str, Any]:
        owned = [{"manager": OWNER, "fieldsV1": {"f:spec": {"f:replicas": {}}}}]
        return {
            "metadata": {"name": name, "managedFields": owned},
            "spec": {
                "replicas": self.replicas.get(name, 1),
                "selector": {"matchLabels": {"app": name}},
                "template": {
                    "metadata": {"labels": {"app": name, "more": "yes"}},
                    "spec": {
                        "nodeSelector": {"for": name},
                        "containers": [
                            {"name": f"{name}-main", "image": name, "ports": [_PORT]},
                            {"name": "helper", "image": "helper"},
                        ],
                    },
                },
            },
        }

    def _pods(self, exchange: Exchange) -> None:
        name = exchange.path.rpartition("%3D")[2]
        self.gateway_looks += name == "litellm"
        count = int("restart" in self.flaws and self.gateway_looks > 1)
        status = {
            "phase": "Running",
            "containerStatuses": [{"restartCount": count}],
            "podIPs": [{"ip": _IPS.get(name, "10.0.0.9")}],
        }
        pods = [{"metadata": {"name": f"{name}-1"}, "status": status}] if self.replicas.get(name, 1) else []
        exchange.reply({"items": pods})

    def _scale(self, exchange: Exchange, name: str) -> None:
        number = exchange.asked.sent["spec"]["replicas"]
        if number and "unscalable" in self.flaws:
            exchange.reply({"message": "not now"}, status=500)
            return
        assert self.record is not None, "it was not noted before"
        self.replicas[name] = 0 if "lost" in self.flaws else number
        self.managers.append(exchange.path.partition("fieldManager=")[2])
        self.history.append(f"{name} {number}")
        exchange.reply({})

    def _kill(self, exchange: Exchange, name: str) -> None:
        assert self.record is not None, "it was not noted before"
        self.killed[name] = time.monotonic() + 0.4
        self.history.append(f"{name} killed")
        exchange.reply({})

    def _exec(self, exchange: Exchange, name: str) -> None:
        word = command_of(exchange)[-1].split()[1]
        assert f"container={name}-main" in exchange.path
        self.history.append(f"{name} {word}")
        accept(exchange)
        if "shell" in self.flaws:
            exchange.write(said(STDERR, "kill: No such process") + ended(1))
            return
        (self.frozen.add if word == "-STOP" else self.frozen.discard)(name)
        exchange.write(ended())

    def _services(self, exchange: Exchange) -> None:
        rows = [
            {"metadata": {"name": name}, "spec": {"clusterIP": cluster_ip, "selector": selector}}
            for name, selector in self.selectors.items()
            for name, cluster_ip in ((name, "None"), (name.removesuffix("-pods"), "10.43.0.1"))
            if "headful" not in self.flaws or cluster_ip != "None"
        ]
        exchange.reply({"items": rows})

    def _show_service(self, exchange: Exchange) -> None:
        name = exchange.path.rpartition("/")[2]
        exchange.reply({"metadata": {"name": name}, "spec": {"selector": self.selectors[name]}})

    def _lead(self, exchange: Exchange) -> None:
        assert self.record is not None, "it was not noted before"
        path, _, manager = exchange.path.partition("?fieldManager=")
        name = path.rpartition("/")[2]
        changes = exchange.asked.sent["spec"]["selector"]
        merged = {**self.selectors[name], **changes}
        self.selectors[name] = {key: value for key, value in merged.items() if value is not None}
        self.managers.append(manager)
        self.history.append(f"{name} {sorted(self.selectors[name])}")
        exchange.reply({})

    def _start_pod(self, exchange: Exchange) -> None:
        pod = exchange.asked.sent
        name = pod["metadata"]["name"]
        if name in self.substitutes:
            exchange.reply({"message": "it exists"}, status=409)
            return
        self.substitutes[name] = json.loads(pod["spec"]["containers"][0]["args"][0])
        self.history.append(f"{name} started")
        exchange.reply(pod, status=201)

    def _show_substitute(self, exchange: Exchange) -> None:
        if exchange.path.rpartition("/")[2] not in self.substitutes:
            exchange.reply({}, status=404)
            return
        waiting = {"waiting": {"reason": "ErrImagePull", "message": "no such image"}}
        ready = {"conditions": [{"type": "Ready", "status": "True"}]}
        exchange.reply(
            {"status": {"containerStatuses": [{"state": waiting}]} if "crash" in self.flaws else ready}
        )

    def _stop_substitute(self, exchange: Exchange) -> None:
        name = exchange.path.partition("?")[0].rpartition("/")[2]
        if self.substitutes.pop(name, None) is None:
            exchange.reply({}, status=404)
            return
        self.history.append(f"{name} stopped")
        exchange.reply({})

    def _show_policy(self, exchange: Exchange) -> None:
        exchange.reply(self.policy or {}, status=200 if self.policy else 404)

    def _keep_policy(self, exchange: Exchange) -> None:
        assert self.record is not None, "it was not noted before"
        self.policy = exchange.asked.sent
        noted = json.loads(self.policy["metadata"]["annotations"]["inference.stack/cut-off"])
        self.history.append(f"cut off: {', '.join(noted)}")
        exchange.reply(self.policy)

    def _clear_policy(self, exchange: Exchange) -> None:
        self.policy = None
        self.history.append("cut off: nobody")
        exchange.reply({})

    def _show_record(self, exchange: Exchange) -> None:
        if self.record is None:
            exchange.reply({"message": "not found"}, status=404)
        else:
            exchange.reply(self.record)

    def _keep_record(self, exchange: Exchange) -> None:
        self.record = exchange.asked.sent
        exchange.reply(self.record)

    def _clear_record(self, exchange: Exchange) -> None:
        self.record = None
        exchange.reply({})

    def _chat(self, exchange: Exchange) -> None:
        asked = exchange.asked.sent
        chain = {self.model: {"gpu": self.engine, "cpu": "ollama"}, self.cpu_model: {"cpu": "ollama"}}
        tier = next((tier for tier, name in chain[asked["model"]].items() if self.up(name)), None)
        if "fails" in self.flaws and tier == "cpu" and asked["model"] == self.model:
            exchange.reply({"error": {"message": "no fallback"}}, status=500)
            return
        if tier is None:
            exchange.reply(
                {"error": {"message": "Nobody answers now."}}, status=500 if "rude" in self.flaws else 503
            )
            return
        if "slow" in self.flaws and tier == "cpu" and asked["model"] == self.model:
            time.sleep(1)
        time.sleep(self.substitute(chain[asked["model"]][tier]).get("delay", 0))
        headers = {"x-litellm-version": "1"}
        if "anonymous" not in self.flaws:
            headers["x-litellm-model-api-base"] = self.addresses[tier]
        if not asked["stream"]:
            exchange.reply(answer(), headers=headers)
            return
        exchange.start_chunks({"Content-Type": "text/event-stream", **headers})
        exchange.chunk(b"data: %s\n\n" % json.dumps({"choices": [{"delta": {"content": "OK"}}]}).encode())
        if "cut" in self.flaws and tier == "cpu" and not self.cuts:
            self.cuts += 1
            exchange.hang_up()
            return
        exchange.chunk(_LAST)
        exchange.end_chunks()
