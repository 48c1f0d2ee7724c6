"""init.yml as a command: from addresses to a site that Ansible, the vault and the plan can read."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.playbook_run import EXAMPLE, environment, run_playbook

# Both machines are this one, whatever their addresses.
HERE: dict[str, Any] = {
    "ansible_connection": "local",
    "ansible_python_interpreter": "{{ ansible_playbook_python }}",
}
# SSH ends before it reaches anything.
NOWHERE: dict[str, Any] = {
    "init_server": "192.0.2.10",
    "ansible_ssh_common_args": "-o ProxyCommand=/bin/false",
    "ansible_python_interpreter": "{{ ansible_playbook_python }}",
}
PAIR = {"init_server": "192.0.2.10", "init_gpu": "192.0.2.11", "init_user": "admin"}
PASSWORD = "geheim4711"
# With -n it refuses, as sudo does for everybody who has to type a password.
SUDO = f"""#!/bin/bash
while [ $# -gt 0 ]; do
  case "$1" in
    -n) echo "sudo: a password is required" >&2; exit 1 ;;
    -p) printf '%s' "$2" >&2; read -r word; shift 2
        [ "$word" = {PASSWORD} ] || {{ echo "Sorry, try again." >&2; exit 1; }} ;;
    -u) shift 2 ;;
    -*) shift ;;
    *) exec "$@" ;;
  esac
done
"""


def init(folder: Path, *words: str, **variables: Any) -> subprocess.CompletedProcess[str]:
    wanted = variables | {"init_site": "home"}
    return run_playbook("init.yml", *words, variables=wanted, inventory="localhost,", folder=folder)


def command(name: str, *words: str, folder: Path) -> str:
    program = Path(sys.executable).with_name(name)
    done = subprocess.run(
        [program, *words],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def shown(done: subprocess.CompletedProcess[str]) -> str:
    return " ".join(done.stdout.partition("FOUND")[2].split())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A folder with a site in it, and the run that wrote it."""
    folder = tmp_path_factory.mktemp("init")
    done = init(folder, "-vvv", "--diff", **HERE, **PAIR)
    assert done.returncode == 0, done.stdout[-3000:]
    return folder, done


def test_ansible_reads_the_inventory(home: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, _ = home
    words = ("-i", "home", "--list", "--vault-password-file", "home/.vault-password")
    found = json.loads(command("ansible-inventory", *words, folder=folder))
    assert found["k3s_servers"]["hosts"] == ["server"]
    assert found["k3s_agents"]["hosts"] == found["gpu_hosts"]["hosts"] == ["gpu"]
    gpu = found["_meta"]["hostvars"]["gpu"]
    assert (gpu["ansible_host"], gpu["ansible_user"]) == ("192.0.2.11", "admin")
    written = {path.removeprefix("group_vars/") for path in files(folder / "home")}
    example = {path.removeprefix("group_vars/") for path in files(EXAMPLE)}
    assert written - example == {".gitignore", ".vault-password", "all/vault.yml"}


def test_the_secrets_are_random_and_encrypted_and_nobody_prints_them(
    home: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, done = home
    vault, password = folder / "home/group_vars/all/vault.yml", folder / "home/.vault-password"
    assert vault.read_text().startswith("$ANSIBLE_VAULT;1.1;AES256\n")
    assert {stat.S_IMODE(path.stat().st_mode) for path in (vault, password)} == {0o600}
    words = ("view", "--vault-password-file", str(password), str(vault))
    secrets = yaml.safe_load(command("ansible-vault", *words, folder=folder))
    # All that the example asks for.
    asked = set(
        re.findall(
            r"^[^#]*\b(vault_\w+)",
            "\n".join(text.decode() for path, text in files(EXAMPLE).items() if path.endswith(".yml")),
            re.MULTILINE,
        )
    )
    assert set(secrets) == asked
    assert len(set(secrets.values())) == 3 and all(len(value) >= 48 for value in secrets.values())
    for secret in (*secrets.values(), password.read_text().strip()):
        assert secret not in done.stdout + done.stderr
    assert "/.vault-password\n" in (folder / "home/.gitignore").read_text()
    assert "vault's password is in home/.vault-password" in shown(done)


def test_the_commands_that_it_names_work(home: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, done = home
    plan, site = re.findall(r"^ *(ansible-playbook .*)$", done.stdout.rpartition("NEXT")[2], re.MULTILINE)
    assert re.fullmatch(
        r"ansible-playbook -i home \S+/playbooks/plan\.yml --vault-password-file home/\.vault-password", plan
    )
    assert site == plan.replace("/plan.yml", "/site.yml")
    variables = {"plan_offline": True, "inference_host_gpus": [{"gpu": "rtx-3060-12gb"}]}
    planned = run_playbook(
        "plan.yml", *plan.split()[4:], variables=variables, inventory="home", folder=folder
    )
    assert planned.returncode == 0, planned.stdout[-3000:]


def test_given_again_it_changes_nothing(home: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, _ = home
    edited = folder / "home/group_vars/all/litellm.yml"
    edited.write_text(edited.read_text() + "# mine\n")
    (folder / "home/group_vars/all/chat.yml").unlink()
    before = files(folder / "home")
    done = init(folder, **HERE | PAIR | {"init_gpu": ""})
    assert done.returncode == 0, done.stdout[-3000:]
    assert files(folder / "home") == before
    assert set(re.findall(r"changed=(\d+)", done.stdout)) == {"0"}
    assert "home is a site already" in shown(done)


def test_check_mode_writes_nothing_and_names_the_files(tmp_path: Path) -> None:
    done = init(tmp_path, "--check", "--diff", **HERE, **PAIR)
    assert done.returncode == 0, done.stdout[-3000:]
    assert list(tmp_path.iterdir()) == []
    told = shown(done)
    assert "nothing was written. home would hold" in told
    for path in ("hosts.yml", "group_vars/all/vault.yml", "group_vars/all/inference.yml", ".gitignore"):
        assert path in told


def test_a_machine_that_does_not_answer_is_named(tmp_path: Path) -> None:
    done = init(tmp_path, **NOWHERE)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "server was not looked at" in shown(done) and "Try ssh 192.0.2.10." in shown(done)
    assert " -K --vault-password-file home/.vault-password" in shown(done)
    hosts = yaml.safe_load((tmp_path / "home/hosts.yml").read_text())
    assert list(hosts["gpu_hosts"]["hosts"]) == ["server"]
    assert "k3s_agents" not in hosts["k3s_cluster"]["children"]
    inference = (tmp_path / "home/group_vars/all/inference.yml").read_text()
    assert yaml.safe_load(inference)["inference_models"] == []
    assert "  # - name: " in inference and "  # cpu:" in inference


@pytest.mark.parametrize(
    ("status", "said", "advice"),
    [
        (
            255,
            "No ED25519 host key is known for 192.0.2.10 and you have requested strict checking.\n"
            "Host key verification failed.",
            "Its host key is not known yet. Run ssh admin@192.0.2.10 and compare the fingerprint",
        ),
        (255, "admin@192.0.2.10: Permission denied (publickey).", "key: ssh-copy-id admin@192.0.2.10."),
        (127, "/bin/sh: 1: /usr/bin/python3: not found", "/usr/bin/python3: not found"),
    ],
)
def test_what_ssh_says_becomes_advice(status: int, said: str, advice: str, tmp_path: Path) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{said}\nEND\nexit {status}\n")
    ssh.chmod(0o755)
    done = init(tmp_path, "--check", **NOWHERE | {"init_user": "admin", "ansible_ssh_executable": str(ssh)})
    assert done.returncode == 0, done.stdout[-3000:]
    assert advice in shown(done)


def test_a_killed_run_is_completed_with_the_password_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home/.vault-password").write_text(f"{PASSWORD}\n")
    done = init(tmp_path, **NOWHERE)
    assert done.returncode == 0, done.stdout[-3000:]
    words = ("view", "--vault-password-file", "home/.vault-password", "home/group_vars/all/vault.yml")
    assert "vault_k3s_token" in command("ansible-vault", *words, folder=tmp_path)
    assert (tmp_path / "home/.vault-password").read_text() == f"{PASSWORD}\n"


@pytest.mark.parametrize(
    ("password", "told"),
    [
        ("", "playbooks/plan.yml -K --vault-password-file"),
        (PASSWORD, "playbooks/plan.yml -K --vault-password-file"),
        ("wrong", "server: sudo refuses the password that -K or ansible_become_password gives."),
    ],
)
def test_sudo(password: str, told: str, tmp_path: Path) -> None:
    sudo = tmp_path / "sudo"
    sudo.write_text(SUDO)
    sudo.chmod(0o755)
    (tmp_path / "password").write_text(password)
    # Ansible becomes nobody who is the same already.
    become = HERE | {"ansible_become_exe": str(sudo), "ansible_become_user": "nobody"}
    words = ["--become-password-file", str(tmp_path / "password")] if password else []
    done = init(tmp_path, "--check", *words, **PAIR | {"init_gpu": ""}, **become)
    assert done.returncode == 0, done.stdout[-3000:]
    assert told in shown(done)
    assert ("refuses" in shown(done)) == (password == "wrong")


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({}, "init_server is empty. Name the k3s server: make init SERVER="),
        ({"init_server": "me@192.0.2.10"}, "init_server: 'me@192.0.2.10' is no address"),
    ],
)
def test_what_cannot_be_is_refused(variables: dict[str, str], told: str, tmp_path: Path) -> None:
    done = init(tmp_path, **variables)
    assert done.returncode != 0
    assert told in " ".join(done.stdout.split()).replace(" │ ", " ")
    assert list(tmp_path.iterdir()) == []


def test_the_example_stays_as_it_is(tmp_path: Path) -> None:
    variables = HERE | PAIR | {"init_site": str(EXAMPLE)}
    done = run_playbook("init.yml", variables=variables, inventory="localhost,", folder=tmp_path)
    assert done.returncode != 0
    assert "init_site is the example that other sites are made from" in done.stdout
