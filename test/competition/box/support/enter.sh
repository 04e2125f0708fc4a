#!/bin/sh
# enter.sh BASE BOX DATA COMMAND…: runs a command as the challenge does. Called as root, in mount and network namespaces of its own,
# so that everything below is gone when the command ends.
#
#   BASE  the root folder of a Debian; only its programs and libraries are shown, read-only
#   BOX   has an empty folder `root`, and `code`, which the command sees as /code_execution and may write to
#   DATA  what the command sees as /code_execution/data, read-only
#
# The command runs as user and group 1000 without any privilege, in /code_execution, with a home folder that it cannot write to.
set -eu
base=${1%/} box=$2 data=$3
shift 3
root=$box/root

read_only() {
  mount --bind "$1" "$2"
  mount -o remount,bind,ro "$2"
}

mount -t tmpfs -o mode=755,size=16m box "$root"
for name in bin sbin lib lib32 lib64 libx32 usr etc; do
  if [ -L "$base/$name" ]; then
    cp -P "$base/$name" "$root/$name"
  elif [ -d "$base/$name" ]; then
    mkdir "$root/$name"
    read_only "$base/$name" "$root/$name"
  fi
done
mkdir -p "$root/proc" "$root/sys" "$root/dev" "$root/tmp" "$root/home/appuser" "$root/code_execution" "$root/opt/bin"
mount -t proc proc "$root/proc"
# The control groups are there, which say how many cores and how much memory may be used.
mount --rbind /sys "$root/sys"
mount -t tmpfs -o mode=755,size=1m devices "$root/dev"
for name in null zero full random urandom; do
  : >"$root/dev/$name"
  mount --bind "/dev/$name" "$root/dev/$name"
done
mkdir "$root/dev/shm"
mount -t tmpfs -o mode=1777,size=8g shared "$root/dev/shm"
mount -t tmpfs -o mode=1777,size=1g temporary "$root/tmp"
# The challenge starts `python`, which Debian calls python3.
ln -s /usr/bin/python3 "$root/opt/bin/python"
mount --bind "$box/code" "$root/code_execution"
read_only "$data" "$root/code_execution/data"
mount -o remount,ro "$root"

exec chroot "$root" /usr/bin/setpriv --reuid=1000 --regid=1000 --clear-groups --no-new-privs --inh-caps=-all \
  --bounding-set=-all /usr/bin/env -i -C /code_execution PATH=/opt/bin:/usr/bin:/bin HOME=/home/appuser LOGURU_LEVEL=INFO "$@"
