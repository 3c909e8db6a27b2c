# PostgreSQL on a minimal Debian tree, configured by the same variables as the official image.

suite=${SYMBI_STANDIN_SUITE:-trixie} # has PostgreSQL 17, as the official image that it stands in for

ingredients() { echo "$suite"; cat "$here/postgres-entrypoint.sh"; }
fill() {
    if [ "$(id -u)" != 0 ] || ! command -v debootstrap >/dev/null; then
        echo "A stand-in for PostgreSQL needs root and debootstrap (on Debian: apt-get install debootstrap)." >&2
        echo "Or name an image that is here: SYMBI_TEST_POSTGRES_IMAGE=..." >&2
        exit 1
    fi
    log=$(mktemp)
    debootstrap --variant=minbase --include=postgresql "$suite" "$1" >"$log" 2>&1 || {
        tail -n 20 "$log" "$1/debootstrap/debootstrap.log" >&2
        exit 1
    }
    rm -f "$log"
    # The cluster that the package makes has nobody's password; the entrypoint makes its own.
    rm -rf "$1"/var/lib/postgresql/* "$1"/etc/postgresql/* "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/* \
        "$1"/usr/share/doc "$1"/usr/share/man "$1"/usr/share/locale "$1"/var/log/*
    find "$1/dev" -mindepth 1 -delete
    ln -s /usr/lib/postgresql/*/bin/* "$1/usr/local/bin/" 2>/dev/null || true
    install -m 755 "$here/postgres-entrypoint.sh" "$1/usr/local/bin/entrypoint"
}
settings() {
    echo 'ENV PGDATA=/var/lib/postgresql/data'
    echo 'VOLUME /var/lib/postgresql/data'
    echo 'ENTRYPOINT ["/usr/local/bin/entrypoint"]'
    echo 'CMD ["postgres"]'
    echo 'EXPOSE 5432'
}
proof() { echo postgres --version; }
