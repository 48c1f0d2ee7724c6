#!/bin/sh
# Takes away what a stopped k3s leaves behind: k3s_remove.sh [--dry-run] DATA_FOLDER
# Prints one line for each thing. With --dry-run nothing else happens; without leftovers nothing is printed.
set -u

dry_run=
if [ "${1:-}" = --dry-run ]; then
  dry_run=yes
  shift
fi
data=${1:?the data folder is missing}

act() { # act WHAT COMMAND… : say it, then do it
  echo "$1"
  shift
  [ -n "$dry_run" ] || "$@" || echo "could not: $*" >&2
}

# --- pods: the shims of k3s's own containerd, and whatever they started
kill_tree() {
  for child in $(ps -o pid= --ppid "$1"); do
    kill_tree "$child"
  done
  kill -9 "$1" 2>/dev/null
  return 0
}

ps -e -o pid= -o args= | awk '/containerd-shim/ && /\/run\/k3s\/containerd\/containerd\.sock/ && !/awk/ {print $1}' |
  while read -r pid; do
    act "process tree $pid ($(ps -o args= -p "$pid" | cut -c1-80))" kill_tree "$pid"
  done

# --- mounts of pods, deepest first; a mount below the data folder that somebody else made stays
mounts_below() {
  awk -v prefix="$1" 'index($2, prefix) == 1 {print $2}' /proc/self/mounts | sort -ru
}

for prefix in /run/k3s/ /var/lib/kubelet/pods/ /var/lib/kubelet/plugins/ /run/netns/cni-; do
  mounts_below "$prefix" | while read -r path; do
    act "mount $path" umount -l "$path"
  done
done

if [ -z "$dry_run" ] && [ -n "$(mounts_below /var/lib/kubelet/pods/)$(mounts_below /var/lib/kubelet/plugins/)" ]; then
  echo "volumes of pods are still mounted below /var/lib/kubelet; their data would be lost, so nothing more is removed" >&2
  exit 1
fi

# --- network: the namespaces and interfaces of CNI and flannel
for namespace in $(ip netns list 2>/dev/null | awk '/^cni-/ {print $1}'); do
  act "network namespace $namespace" ip netns delete "$namespace"
done
if command -v ip >/dev/null; then
  for link in $(ip -o link show master cni0 2>/dev/null | awk -F': ' '{sub(/@.*/, "", $2); print $2}') \
    cni0 flannel.1 flannel-v6.1 flannel-wg flannel-wg-v6 kube-ipvs0; do
    if ip link show "$link" >/dev/null 2>&1; then
      act "interface $link" ip link delete "$link"
    fi
  done
fi

# --- firewall: only chains and rules that carry the names of Kubernetes, CNI or flannel
without_ours() {
  "$1"-save | grep -vE 'KUBE-|CNI-' | grep -vi flannel | "$1"-restore
}

for tool in iptables ip6tables; do
  if command -v "$tool-save" >/dev/null && "$tool-save" 2>/dev/null | grep -qE 'KUBE-|CNI-|[Ff]lannel'; then
    act "rules of $tool" without_ours "$tool"
  fi
done

# --- data: a folder that is a mount point is emptied; mounts below it, which somebody else made, stay as they are
remove_folder() {
  if mountpoint -q "$1" || [ -n "$(mounts_below "$1/")" ]; then
    for entry in "$1"/* "$1"/.[!.]*; do
      [ -e "$entry" ] || [ -L "$entry" ] || continue
      mountpoint -q "$entry" || remove_folder "$entry"
    done
    mountpoint -q "$1" || rmdir -- "$1" 2>/dev/null
    return 0
  fi
  rm -rf -- "$1"
}

removable() { # anything but mount points and the way to them
  [ -e "$1" ] || return 1
  [ -n "$(find "$1" -xdev -mindepth 1 ! -type d -print -quit)" ] && return 0
  ! mountpoint -q "$1" && [ -z "$(mounts_below "$1/")" ]
}

for folder in /run/k3s /run/flannel /var/lib/kubelet /var/lib/cni "$data"; do
  if removable "$folder"; then
    act "folder $folder" remove_folder "$folder"
  fi
done
exit 0
