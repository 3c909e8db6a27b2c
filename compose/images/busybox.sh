# Debian's static busybox on an empty image, with a link for each applet.

ingredients() { cat "$(command -v busybox)"; }
fill() {
    program=$(command -v busybox) || {
        echo "busybox is not installed. On Debian: apt-get install busybox-static" >&2
        exit 1
    }
    mkdir -p "$1/bin" "$1/usr/bin" "$1/etc" "$1/root" "$1/home" "$1/tmp" "$1/proc" "$1/sys" "$1/dev"
    chmod 1777 "$1/tmp"
    install -m 755 "$program" "$1/bin/busybox"
    for applet in $("$program" --list); do
        [ "$applet" = busybox ] || ln -s busybox "$1/bin/$applet"
    done
    ln -s ../../bin/busybox "$1/usr/bin/env"
    printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n' >"$1/etc/passwd"
    printf 'root:x:0:\nnogroup:x:65534:\n' >"$1/etc/group"
}
settings() {
    echo 'ENV PATH=/bin:/usr/bin'
    echo 'CMD ["sh"]'
}
# Fails when the program is not static.
proof() { echo sh -c true; }
