#!/bin/sh
# One node with a control plane, in namespaces of its own: nothing of it is seen by the machine, and all of it ends with
# this process. Run by scripts/cluster/node.ts in a network namespace, as root:
#
#   node.sh STATE PROGRAMS
#
# STATE has the configuration files and gets everything else; PROGRAMS has what was built from Go.
set -eu

# The controllers of cgroup v1 that this machine has mounted.
hierarchies() { awk '$3 == "cgroup" { sub(".*/", "", $2); print $2 }' /proc/mounts; }

# Below the cgroup this process is in, one for the node; it becomes the root that the node sees.
own_groups() {
  for each in $(hierarchies); do
    here=$(awk -F: -v name="$each" '{ n = split($2, all, ","); for (i = 1; i <= n; i++) if (all[i] == name || all[i] == "name=" name) print $3 }' /proc/self/cgroup)
    group=/sys/fs/cgroup/$each$here/$1
    mkdir -p "$group"
    if [ "$each" = cpuset ]; then
      for file in cpuset.cpus cpuset.mems; do cat "${group%/*}/$file" >"$group/$file"; done
    fi
    echo $$ >"$group/cgroup.procs"
  done
}

private_groups() {
  all=$(hierarchies)
  mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
  for each in $all; do
    mkdir "/sys/fs/cgroup/$each"
    case $each in
      systemd) mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd ;;
      *) mount -t cgroup -o "$each" cgroup "/sys/fs/cgroup/$each" ;;
    esac
  done
}

# Places that are compiled into some program: what is written there goes into STATE, or away with the node.
private_directories() {
  mount --make-rprivate /
  mount -t proc proc /proc
  for each in /run /var/log; do mount -t tmpfs tmpfs "$each"; done
  mkdir -p "$state/upper" "$state/work"
  mount -t overlay -o "lowerdir=/var/lib,upperdir=$state/upper,workdir=$state/work" overlay /var/lib
  # What the kubelet sets belongs to the machine: it gets copies. Networks have values of their own.
  mkdir "$state/sys"
  for each in kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys kernel/keys/root_maxbytes vm/overcommit_memory vm/panic_on_oom; do
    copy=$state/sys/$(basename "$each")
    cat "/proc/sys/$each" >"$copy"
    mount --bind "$copy" "/proc/sys/$each"
  done
}

# Started again when it ends, as by any manager of services: one may have waited too long for another.
start() {
  name=$1
  shift
  while :; do
    "$@" >>"$state/log/$name" 2>&1 || true
    sleep 1
  done &
}

control_plane() {
  start etcd etcd --data-dir "$state/etcd" --unsafe-no-fsync --logger zap --log-level error
  start kube-apiserver "$programs/kube-apiserver" --etcd-servers http://127.0.0.1:2379 --cert-dir "$state/certificates" \
    --bind-address 0.0.0.0 --advertise-address "$ADDRESS" --service-cluster-ip-range "$SERVICES" \
    --token-auth-file "$state/tokens.csv" --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction \
    --service-account-issuer https://cluster.invalid --service-account-key-file "$state/accounts.key" \
    --service-account-signing-key-file "$state/accounts.key" --kubelet-preferred-address-types InternalIP
  # The certificate that it makes is what the others know it by.
  until [ -e "$state/certificates/apiserver.crt" ]; do sleep 0.2; done
  start kube-controller-manager "$programs/kube-controller-manager" --kubeconfig "$state/controller-manager.yaml" \
    --service-account-private-key-file "$state/accounts.key" --use-service-account-credentials --leader-elect=false
  start kube-scheduler "$programs/kube-scheduler" --kubeconfig "$state/scheduler.yaml" --leader-elect=false
}

node() {
  start containerd containerd --config "$state/containerd.toml"
  start kubelet "$programs/kubelet" --kubeconfig "$state/kubelet.yaml" --config "$state/kubelet-configuration.yaml" \
    --root-dir "$state/kubelet" --hostname-override node --node-ip "$NODE_ADDRESSES"
  start kube-proxy "$programs/kube-proxy" --kubeconfig "$state/proxy.yaml" --hostname-override node \
    --cluster-cidr "$PODS" --conntrack-max-per-core 0 --conntrack-tcp-timeout-established 0 --conntrack-tcp-timeout-close-wait 0
}

state=$1 programs=$2
case ${3:-outside} in
  outside)
    own_groups "$(basename "$state")"
    exec unshare --mount --cgroup --pid --ipc --uts --fork --kill-child sh "$0" "$state" "$programs" inside
    ;;
  inside)
    private_groups
    private_directories
    hostname node
    mkdir -p "$state/log"
    control_plane
    node
    # As process 1 it also reaps.
    while :; do wait; sleep 1; done
    ;;
esac
