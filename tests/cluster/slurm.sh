#!/usr/bin/env bash
# A real single-node SLURM in one folder, on loopback, without systemd; for tests.
#   slurm.sh up FOLDER [FIRST_PORT]   starts it and prints the folder of client commands to put on PATH
#   slurm.sh down FOLDER              stops exactly what `up` started there
# Debian: apt-get install --no-install-recommends slurm-wlm munge slurmdbd mariadb-server
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

command=${1:?up or down}; mkdir -p "${2:?folder}"; folder=$(cd "$2" && pwd)
first_port=${3:-16817}      # slurmctld, slurmd, slurmdbd and mariadb take this one and the next three
me=$(id -un); host=$(hostname -s)
munge_socket=$folder/munge/socket; database_socket=$folder/database/socket
export SLURM_CONF=$folder/etc/slurm.conf

die() { echo "slurm.sh: $*" >&2; exit 1; }
wait_for() { for _ in $(seq 150); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done; die "gave up waiting: $*"; }

configure() {
    mkdir -p "$folder"/{bin,etc,log,munge,pid,spool,state,database}
    chmod 755 "$folder"; chmod 711 "$folder/munge"
    (umask 077; head -c 1024 /dev/urandom > "$folder/munge/key")
    (umask 077; cat > "$folder/etc/slurmdbd.conf") <<EOC
AuthType=auth/munge
AuthInfo=socket=$munge_socket
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort=$((first_port + 2))
SlurmUser=$me
LogFile=$folder/log/slurmdbd.log
PidFile=$folder/pid/slurmdbd
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=$((first_port + 3))
StorageUser=slurm
StoragePass=slurm
StorageLoc=slurm_accounting
EOC
    # Stand-ins for GPUs: SLURM counts device files and asks no more of them than to exist.
    cat > "$folder/etc/gres.conf" <<EOC
AutoDetect=off
NodeName=$host Name=gpu Type=standin File=/dev/null
NodeName=$host Name=gpu Type=standin File=/dev/zero
EOC
    cat > "$SLURM_CONF" <<EOC
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$first_port
SlurmdPort=$((first_port + 1))
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser=$me
SlurmdUser=$me
AuthType=auth/munge
AuthInfo=socket=$munge_socket
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/pid/slurmctld
SlurmdPidFile=$folder/pid/slurmd
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.log
MpiDefault=none
SwitchType=switch/none
# No cgroups in a container: processes are followed by parentage, and memory is looked at every second.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
MinJobAge=600
KillWait=5
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=1
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=$((first_port + 2))
AccountingStoragePass=$munge_socket
AccountingStorageTRES=gres/gpu
AccountingStorageEnforce=associations
GresTypes=gpu
# A bigger node than this machine is: what matters here is who asked for what.
SlurmdParameters=config_overrides
NodeName=$host NodeAddr=127.0.0.1 CPUs=8 CoresPerSocket=8 RealMemory=64000 Gres=gpu:standin:2 State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=4:00:00 DefMemPerCPU=500 PriorityTier=1
PartitionName=urgent Nodes=$host MaxTime=24:00:00 DefMemPerCPU=500 PriorityTier=10
EOC
    # The plugin's job step drops every SLURM_* variable, SLURM_CONF too: commands on PATH that bring it back.
    for tool in sbatch srun squeue sacct sacctmgr scancel scontrol sinfo sshare; do
        printf '#!/bin/sh\nSLURM_CONF=%s exec %s "$@"\n' "$SLURM_CONF" "$(command -v $tool)" > "$folder/bin/$tool"
        chmod 755 "$folder/bin/$tool"
    done
}

up() {
    for tool in munged slurmctld slurmd slurmdbd mariadbd sbatch; do
        command -v $tool >/dev/null || die "$tool is not installed"
    done
    getent hosts "$host" >/dev/null || die "the host name $host does not resolve"
    configure
    munged --key-file="$folder/munge/key" --socket="$munge_socket" --pid-file="$folder/pid/munged" \
        --log-file="$folder/log/munged.log" --seed-file="$folder/munge/seed"
    mariadb-install-db --no-defaults --datadir="$folder/database/data" --user="$me" --skip-test-db \
        --auth-root-authentication-method=normal > "$folder/log/mariadb-install.log" 2>&1
    mariadbd --no-defaults --user="$me" --datadir="$folder/database/data" --socket="$database_socket" \
        --pid-file="$folder/pid/mariadbd" --bind-address=127.0.0.1 --port=$((first_port + 3)) \
        --innodb-buffer-pool-size=64M --innodb-log-file-size=32M --innodb-lock-wait-timeout=900 \
        --innodb-flush-log-at-trx-commit=0 --log-error="$folder/log/mariadb.log" </dev/null >/dev/null 2>&1 &
    sql() { mariadb --no-defaults --socket="$database_socket" -u root -e "$1"; }
    wait_for sql "select 1"
    sql "create database slurm_accounting; create user 'slurm'@'127.0.0.1' identified by 'slurm';
         create user 'slurm'@'localhost' identified by 'slurm';
         grant all on slurm_accounting.* to 'slurm'@'127.0.0.1'; grant all on slurm_accounting.* to 'slurm'@'localhost';"
    slurmdbd </dev/null >&2
    wait_for sacctmgr -n list cluster
    sacctmgr -i -Q add cluster test >&2
    sacctmgr -i -Q add account study >&2
    sacctmgr -i -Q add user "$me" account=study defaultaccount=study >&2
    slurmctld </dev/null >&2
    wait_for scontrol ping
    slurmd </dev/null >&2
    wait_for sh -c "sinfo -h -N -o %T | grep -q idle"
    echo "$folder/bin"
}

down() {
    [ -f "$SLURM_CONF" ] && timeout 10 scancel --me 2>/dev/null || true
    local pids=() name pid
    for name in slurmd slurmctld slurmdbd mariadbd munged; do
        pid=$(cat "$folder/pid/$name" 2>/dev/null) || continue
        # A process number may have found another owner: stop it only when it is what it should be.
        ! grep -qa "$name" "/proc/$pid/cmdline" 2>/dev/null || pids+=("$pid")
    done
    for pid in "${pids[@]}"; do kill "$pid" || true; done
    for pid in "${pids[@]}"; do
        for _ in $(seq 50); do [ -d "/proc/$pid" ] || continue 2; sleep 0.1; done
        kill -9 "$pid" 2>/dev/null || true
    done
}

"$command"
