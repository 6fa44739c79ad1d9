# shellcheck shell=bash
# A PostgreSQL and a MariaDB of one's own: new, private, and gone afterwards. Sourced after setup.sh.
#
# Use: say what they are for in servers_for; call need_servers before install_missing; then start_servers, and stop_servers in
# a trap. For `test` they are fast and a power failure may ruin them, for `bench` as durable as the engines are by default.
# start_servers exports DBVSG_TEST_POSTGRES_URL and DBVSG_TEST_MYSQL_URL, or DBVSG_BENCH_..; one that is set already names a
# running server, and none is started.

servers_for=test

servers_dir=
declare -A server_ends=() # by process, the signal that ends it at once

# Prints the path of a PostgreSQL server program, of the newest version; Debian keeps these out of PATH.
postgres_program() {
    local found
    found=$(printf '%s\n' /usr/lib/postgresql/*/bin/"$1" | sort -V | tail -n 1)
    [[ -x $found ]] || found=$(command -v "$1") || return
    printf '%s\n' "$found"
}

# Prints the path of a MariaDB server program; only root's PATH is sure to have sbin.
mariadb_program() {
    PATH=$PATH:/usr/sbin:/sbin command -v "$1"
}

has_psql() { command -v psql >/dev/null; }
has_mariadb() { command -v mariadb >/dev/null; }
has_postgres_server() { postgres_program initdb >/dev/null && postgres_program postgres >/dev/null; }
has_mariadb_server() { mariadb_program mariadb-install-db >/dev/null && mariadb_program mariadbd >/dev/null; }
has_setpriv() { command -v setpriv >/dev/null; }

# server_variable POSTGRES|MYSQL: prints the name of the variable with the URL of that server.
server_variable() {
    printf 'DBVSG_%s_%s_URL' "${servers_for^^}" "$1"
}

# server_url POSTGRES|MYSQL: prints that URL, or nothing.
server_url() {
    local variable
    variable=$(server_variable "$1")
    printf '%s' "${!variable:-}"
}

need_servers() {
    need has_psql postgresql-client # an outside writer, as is mariadb
    need has_mariadb mariadb-client
    [[ -n $(server_url POSTGRES) ]] || need has_postgres_server postgresql
    [[ -n $(server_url MYSQL) ]] || need has_mariadb_server mariadb-server
    need has_setpriv util-linux
}

start_servers() {
    [[ -z $(server_url POSTGRES) || -z $(server_url MYSQL) ]] || return 0

    # Not in TMPDIR: a socket's path must be short, and another user may have to reach it. /var/tmp is on a disk.
    case $servers_for in
        test) servers_dir=$(mktemp -d /tmp/dbvsg-test.XXXXXX) ;;
        bench) servers_dir=$(mktemp -d /var/tmp/dbvsg-bench.XXXXXX) ;;
    esac
    chmod 711 "$servers_dir"
    [[ -n $(server_url POSTGRES) ]] || start_postgres "$servers_dir/postgres"
    [[ -n $(server_url MYSQL) ]] || start_mariadb "$servers_dir/mariadb"
}

# Ends what start_servers started, and nothing else. Nothing in it is worth an orderly end.
stop_servers() {
    local pid
    for pid in "${!server_ends[@]}"; do
        kill -s "${server_ends[$pid]}" "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    server_ends=()
    [[ -z $servers_dir ]] || rm -rf -- "$servers_dir"
    servers_dir=
}

# own_folder DIR USER SIGNAL: makes a folder that nobody else can enter, and sets as_owner to what runs a program as its
# owner, because the servers refuse to run as root. Should this script be killed, the program gets the signal.
own_folder() {
    mkdir -m 700 "$1"
    as_owner=(setpriv --pdeathsig "$3" --)
    if ((EUID == 0)); then
        chown "$2:" "$1"
        as_owner=(setpriv --reuid "$2" --regid "$(id -gn "$2")" --init-groups --pdeathsig "$3" --)
    fi
}

# quietly COMMAND...: shows what it prints only if it fails.
quietly() {
    local output
    output=$("$@" 2>&1) || fail "$1 failed: $output"
}

# await NAME PID LOG COMMAND...: until the command succeeds, for at most 30 seconds.
await() {
    local name=$1 pid=$2 log=$3 i
    shift 3
    for ((i = 0; i < 300; i++)); do
        "$@" >/dev/null 2>&1 && return
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    fail "$name does not start: $(tail -n 20 "$log")"
}

# Only a socket in a private folder: no port that could be taken, no stranger who could connect. The time zones are such
# that a moment read in the wrong one is noticed.
start_postgres() {
    local dir=$1 log=$servers_dir/postgres.log as_owner
    unset "${!PG@}" # what is set for another server must not reach this one, nor who connects to it
    heading "starting a PostgreSQL in $dir"
    own_folder "$dir" postgres QUIT
    local -a options=(
        -c listen_addresses= -c "unix_socket_directories=$dir" -c max_connections=400 -c max_wal_size=4GB
        -c timezone=Asia/Kathmandu
    )
    case $servers_for in
        test)
            options+=(
                -c shared_buffers=128MB -c fsync=off -c synchronous_commit=off -c full_page_writes=off
                -c wal_level=minimal -c max_wal_senders=0 -c autovacuum=off -c deadlock_timeout=200ms
            )
            ;;
        bench) options+=(-c shared_buffers=1GB) ;;
    esac
    (
        cd "$dir"
        quietly "${as_owner[@]}" "$(postgres_program initdb)" -D "$dir/data" -U postgres --auth=trust \
            --encoding=UTF8 --locale=C.UTF-8 --no-sync
        exec "${as_owner[@]}" "$(postgres_program postgres)" -D "$dir/data" "${options[@]}"
    ) >"$log" 2>&1 &
    local pid=$!
    server_ends[$pid]=QUIT
    local url="postgres://postgres@localhost/postgres?host=$dir"
    export "$(server_variable POSTGRES)=$url"
    await PostgreSQL "$pid" "$log" psql -X -d "$url" -c 'SELECT 1'
}

start_mariadb() {
    local dir=$1 log=$servers_dir/mariadb.log as_owner
    heading "starting a MariaDB in $dir"
    own_folder "$dir" mysql KILL
    local -a options=(
        --no-defaults "--datadir=$dir/data" "--socket=$dir/sock" --skip-networking --max-connections=400
        --skip-log-bin --performance-schema=off --default-time-zone=+05:45 --character-set-server=utf8mb4
    )
    case $servers_for in
        test)
            options+=(
                --innodb-buffer-pool-size=256M --innodb-flush-log-at-trx-commit=0 --innodb-flush-method=nosync
                --innodb-doublewrite=0
            )
            ;;
        bench)
            # A copy of a large table as one JSON value must pass.
            options+=(--innodb-buffer-pool-size=1G --max-allowed-packet=64M)
            ;;
    esac
    (
        cd "$dir"
        quietly "${as_owner[@]}" "$(mariadb_program mariadb-install-db)" --no-defaults "--datadir=$dir/data" \
            --auth-root-authentication-method=normal --skip-test-db
        exec "${as_owner[@]}" "$(mariadb_program mariadbd)" "${options[@]}"
    ) >"$log" 2>&1 &
    local pid=$!
    server_ends[$pid]=KILL
    export "$(server_variable MYSQL)=mysql://root@localhost/mysql?socket=$dir/sock"
    await MariaDB "$pid" "$log" mariadb --no-defaults "--socket=$dir/sock" --user=root -e 'SELECT 1'
}
