"""Faults of every layer, each with the way to mend it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.faults.lab_under_test import ENGINE, MODEL, PATIENCE_S, SERVED, Lab
from tests.rehearsal import NAMESPACE, wait_for

CONFIG = "/etc/nvidia-container-runtime/config.toml"
CONTAINERD = "/var/lib/rancher/k3s/agent/etc/containerd/config.toml"
CDI = "/etc/cdi/nvidia.yaml"
RUNTIME = "/usr/bin/nvidia-container-runtime"
PLUGIN = "-n kube-system daemonset/nvidia-device-plugin"


@dataclass(frozen=True)
class Fault:
    """Something that breaks, and how it is mended."""

    layer: str
    words: list[str]
    plant: Callable[[Lab], Any] = lambda lab: None
    undo: Callable[[Lab], Any] = lambda lab: None
    shows: Callable[[Lab], bool] = lambda lab: True
    """Whether the fault has come through, where that takes time."""
    verdict: str = "degraded"
    variables: dict[str, str] = field(default_factory=dict)


def on_gpu(layer: str, words: list[str], plant: str, undo: str) -> Fault:
    """A fault of the GPU host's own files."""
    return Fault(layer, words, lambda lab: lab.ssh("gpu", plant), lambda lab: lab.ssh("gpu", undo))


def card(layer: str, words: list[str], failure: str) -> Fault:
    """What the card's library says; the device plugin does not offer a GPU again that once failed."""

    def mend(lab: Lab) -> None:
        lab.ssh("gpu", "nvidia-standin set failure=none")
        lab.kubectl(f"rollout restart {PLUGIN}")
        lab.kubectl(f"rollout status {PLUGIN} --timeout=300s")
        wait_for("the GPU on offer", lambda: lab.offered() == 1, timeout=PATIENCE_S)

    return Fault(layer, words, lambda lab: lab.ssh("gpu", f"nvidia-standin set failure={failure}"), mend)


def on_node(words: list[str], plant: str, undo: str, **more: Any) -> Fault:
    def mend(lab: Lab) -> None:
        lab.kubectl(undo)
        wait_for("the GPU on offer", lambda: lab.offered() == 1, timeout=PATIENCE_S)

    return Fault("node", words, lambda lab: lab.kubectl(plant), mend, **more)


def is_ready(lab: Lab) -> bool:
    conditions = lab.node()["status"]["conditions"]
    return any(row["type"] == "Ready" and row["status"] == "True" for row in conditions)


def start_agent(lab: Lab) -> None:
    lab.ssh("gpu", "systemctl start k3s-agent")
    wait_for("the node", lambda: is_ready(lab) and lab.offered() == 1, timeout=PATIENCE_S)
    wait_for("the engine", lab.serves, timeout=PATIENCE_S)


def start_server(lab: Lab) -> None:
    lab.ssh("server", "systemctl start k3s")
    wait_for("the API", lambda: lab.offered() == 1, timeout=PATIENCE_S)


def changed_engine(
    layer: str, words: list[str], edit: Callable[[list[str]], list[str]], sign: str, **more: Any
) -> Fault:
    """Arguments that the plan did not write. ``sign`` is what kubectl shows of the pod once it matters."""

    def plant(lab: Lab) -> None:
        (container,) = lab.get(f"-n {NAMESPACE} {ENGINE}")["spec"]["template"]["spec"]["containers"]
        value = {
            "op": "replace",
            "path": "/spec/template/spec/containers/0/args",
            "value": edit(container["args"]),
        }
        lab.patch(ENGINE, [value], "json")

    def shows(lab: Lab) -> bool:
        return lab.serves() if sign == "serves" else sign in pods_of_engine(lab)

    return Fault(layer, words, plant, restore_engine, shows, **more)


def restore_engine(lab: Lab) -> None:
    lab.kubectl(f"-n {NAMESPACE} rollout undo {ENGINE}")
    wait_for("the engine", lab.serves, timeout=PATIENCE_S)


def pods_of_engine(lab: Lab) -> str:
    return lab.kubectl(f"-n {NAMESPACE} get pods -l app=vllm-server --no-headers")


def wrong_image(lab: Lab) -> None:
    lab.kubectl(f"-n {NAMESPACE} set image {ENGINE} vllm=registry.invalid/vllm:none")


def scaled(layer: str, words: list[str], what: str, selector: str, **more: Any) -> Fault:
    """A Deployment that somebody scaled to 0."""

    def mend(lab: Lab) -> None:
        lab.kubectl(f"-n {NAMESPACE} scale {what} --replicas=1")
        lab.kubectl(f"-n {NAMESPACE} rollout status {what} --timeout={PATIENCE_S - 60}s")

    def shows(lab: Lab) -> bool:
        return not lab.get(f"-n {NAMESPACE} pods -l {selector}")["items"]

    plant = f"-n {NAMESPACE} scale {what} --replicas=0"
    return Fault(layer, words, lambda lab: lab.kubectl(plant), mend, shows, **more)


def served_as_another(arguments: list[str]) -> list[str]:
    index = arguments.index("--served-model-name") + 1
    return [*arguments[:index], "somebody/else", *arguments[index + 1 :]]


def closed_policy() -> Fault:
    policy = "networkpolicy/vllm-server"
    saved: list[Any] = []

    def plant(lab: Lab) -> None:
        saved.append(lab.get(f"-n {NAMESPACE} {policy}")["spec"].get("ingress", []))
        lab.patch(policy, {"spec": {"ingress": []}})

    def mend(lab: Lab) -> None:
        lab.patch(policy, {"spec": {"ingress": saved[-1]}})

    words = ["NetworkPolicy vllm-server", "vllm_allowed_peers"]
    return Fault("gateway", words, plant, mend, lambda lab: lab.doctor({})["verdict"] == "degraded")


def wrong_selector() -> Fault:
    service, label = f"service/{MODEL}-inference-pods", "inference.stack/model"

    def point_at(name: str) -> Callable[[Lab], None]:
        return lambda lab: lab.patch(service, {"spec": {"selector": {label: name}}})

    return Fault(
        "gateway",
        [f"no ready pod belongs to Service {MODEL}-inference-pods"],
        point_at("nobody"),
        point_at(MODEL),
        lambda lab: lab.doctor({})["verdict"] == "degraded",
    )


def renamed_model() -> Fault:
    """An upgrade that forgot the gateway: it asks the engine for another name than its own, and hears 404."""
    saved: list[str] = []

    def configure(lab: Lab, text: str) -> None:
        lab.patch("configmap/litellm", {"data": {"config.yaml": text}})
        lab.kubectl(f"-n {NAMESPACE} rollout restart deployment/litellm")
        lab.kubectl(f"-n {NAMESPACE} rollout status deployment/litellm --timeout={PATIENCE_S - 60}s")

    def plant(lab: Lab) -> None:
        saved.append(lab.get(f"-n {NAMESPACE} configmap/litellm")["data"]["config.yaml"])
        configure(lab, saved[-1].replace(f"hosted_vllm/{SERVED}", "hosted_vllm/somebody/else"))

    words = ["for somebody/else", f"it serves {SERVED}", "site.yml --tags cluster"]
    return Fault("names", words, plant, lambda lab: configure(lab, saved[-1]), verdict="broken")


def move(path: str) -> tuple[str, str]:
    return f"mv {path} {path}.away", f"mv {path}.away {path}"


def edited(path: str, expression: str) -> tuple[str, str]:
    return f"cp -p {path} {path}.away && sed -i {shlex.quote(expression)} {path}", f"mv {path}.away {path}"


def in_cdi_mode(then: str = "true") -> tuple[str, str]:
    """In mode auto the runtime needs no file that describes the card; a site may ask for one."""
    plant, undo = edited(CONFIG, 's/^mode = "auto"/mode = "cdi"/')
    return f"{plant} && {then}", f"{undo} && rm -f {CDI}"


FAULTS: dict[str, Fault] = {
    "host without SSH": Fault(
        "host",
        ["gpu", "does not answer"],
        lambda lab: lab.inside("gpu", "systemctl stop ssh.socket ssh; pkill -f '^sshd: ' || true"),
        lambda lab: lab.inside("gpu", "systemctl start ssh"),
    ),
    "card off the bus": card("pci", ["fallen off the bus", "cable"], "fallen_off_bus"),
    "driver not loaded": card(
        "driver", ["kernel module is not loaded", "modprobe nvidia"], "driver_not_loaded"
    ),
    "driver mismatch": card("driver", ["does not match", "Reboot"], "version_mismatch"),
    "device node gone": on_gpu(
        "device_nodes",
        ["/dev/nvidia0 is missing", "nvidia-modprobe"],
        "rm /dev/nvidia0",
        "mknod -m 666 /dev/nvidia0 c 195 0",
    ),
    "device node is a file": on_gpu(
        "device_nodes",
        ["/dev/nvidiactl is no device"],
        "rm /dev/nvidiactl && touch /dev/nvidiactl",
        "rm /dev/nvidiactl && mknod -m 666 /dev/nvidiactl c 195 255",
    ),
    "runtime gone": on_gpu("runtime", ["not installed", "--tags hosts"], *move(RUNTIME)),
    "runtime settings broken": on_gpu(
        "runtime", ["cannot start", "error loading config"], *edited(CONFIG, "1i this is [no TOML")
    ),
    "runtime unknown to containerd": on_gpu(
        "runtime",
        ["does not name", "restart k3s-agent"],
        *edited(CONTAINERD, "s/nvidia-container-runtime/other/g"),
    ),
    "CDI gone": on_gpu("cdi", ["no file", "nvidia-ctk cdi generate"], *in_cdi_mode()),
    "CDI of another driver": on_gpu(
        "cdi",
        ["written for driver 550.54.14", "570.195.03"],
        *in_cdi_mode(f"nvidia-ctk cdi generate --output={CDI} && sed -i s/570.195.03/550.54.14/g {CDI}"),
    ),
    "API server stopped": Fault(
        "node",
        ["Kubernetes API does not answer", "systemctl status k3s"],
        lambda lab: lab.ssh("server", "systemctl stop k3s"),
        start_server,
    ),
    "agent stopped": Fault(
        "node",
        ["k3s-agent is inactive", "systemctl restart k3s-agent"],
        lambda lab: lab.ssh("gpu", "systemctl stop k3s-agent"),
        start_agent,
    ),
    "device plugin on no node": on_node(
        ["nvidia-device-plugin has no pod", "--tags cluster"],
        f"patch {PLUGIN} --type=merge -p "
        + shlex.quote(json.dumps({"spec": {"template": {"spec": {"nodeSelector": {"nowhere": "true"}}}}})),
        f"patch {PLUGIN} --type=merge -p "
        + shlex.quote(json.dumps({"spec": {"template": {"spec": {"nodeSelector": {"nowhere": None}}}}})),
        shows=lambda lab: lab.offered() == 0,
    ),
    "label gone": on_node(
        ["nvidia.com/gpu=true", "k3s_node_labels"],
        "label node gpu nvidia.com/gpu-",
        "label node gpu nvidia.com/gpu=true",
    ),
    "taint gone": on_node(
        ["gpu=true:NoSchedule", "k3s_node_taints"],
        "taint node gpu gpu=true:NoSchedule-",
        "taint node gpu gpu=true:NoSchedule",
    ),
    "cordoned": on_node(["cordoned", "kubectl uncordon gpu"], "cordon gpu", "uncordon gpu"),
    "engine scaled to 0": scaled(
        "pod", ["scaled to 0", "mode ml", "--replicas=1"], ENGINE, "app=vllm-server"
    ),
    "engine image unknown": Fault(
        "pod",
        [f"pod vllm-{MODEL}", "inference_vllm_image"],
        wrong_image,
        restore_engine,
        lambda lab: any(
            word in pods_of_engine(lab) for word in ("ErrImage", "ImagePullBackOff", "InvalidImage")
        ),
    ),
    "engine arguments wrong": changed_engine(
        "engine",
        ["does not know the argument --no-such-flag"],
        lambda arguments: [*arguments, "--no-such-flag"],
        "CrashLoopBackOff",
    ),
    "served name wrong": changed_engine(
        # Whoever asks for the model hears 404: no other tier answers for a name that is wrong.
        "model",
        [f"names somebody/else instead of {SERVED}"],
        served_as_another,
        "serves",
        verdict="broken",
    ),
    "engine hangs": Fault(
        "engine",
        ["hangs: ", "vllm_stall_restart_seconds"],
        lambda lab: lab.inside("gpu", "pkill -STOP -f VLLM::EngineCore"),
        # It may have been restarted meanwhile.
        lambda lab: lab.inside("gpu", "pkill -CONT -f VLLM::EngineCore || true"),
    ),
    "gateway asks for another name": renamed_model(),
    "policy closed": closed_policy(),
    "service points at nobody": wrong_selector(),
    "CPU tier scaled to 0": scaled(
        "gateway", ["ollama is scaled to 0"], "deployment/ollama", "app.kubernetes.io/name=ollama"
    ),
    "gateway scaled to 0": scaled(
        "gateway",
        ["litellm is scaled to 0", "--replicas=1"],
        "deployment/litellm",
        "app.kubernetes.io/name=litellm",
        verdict="broken",
    ),
    "wrong key": Fault(
        "gateway",
        ["refuses the key", "inference_gateway_key"],
        verdict="broken",
        variables={"inference_gateway_key": "sk-not-the-key-0123456789"},
    ),
}
