#!/bin/bash
# Makes a small root in $1 from programs of the host: bash, a few tools, curl, rpm and dnf with what they load.
set -e
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
root=$1
mkdir -p "$root"/{usr/{bin,sbin,lib,lib64,local},etc/dnf/{modules.d,aliases.d,vars},etc/yum.repos.d,boot,var/lib/{rpm,dnf},var/{cache,log,tmp},home,root,tmp,run,proc,sys,dev,srv}
chmod 1777 "$root/tmp" "$root/var/tmp"
for name in bin sbin lib lib64; do ln -s "usr/$name" "$root/$name"; done
put() {
    for path; do
        real=$(realpath "$path")
        # /bin/x and /usr/bin/x are one on a merged system.
        case $path in /bin/*|/sbin/*|/lib/*|/lib64/*) path=/usr$path ;; esac
        case $real in /bin/*|/sbin/*|/lib/*|/lib64/*) real=/usr$real ;; esac
        mkdir -p "$root$(dirname "$real")" "$root$(dirname "$path")"
        [ -e "$root$real" ] || cp -p "$real" "$root$real"
        [ "$path" = "$real" ] || [ -e "$root$path" ] || ln -s "$real" "$root$path"
    done
}
tree() {
    for dir; do
        mkdir -p "$root$dir"
        cp -a "$dir/." "$root$dir/"
    done
}
for tool in bash sh cat ls mkdir rm ln cp mv touch chmod chown mount umount unshare env true false sleep kill id uname \
    rpm rpmkeys rpmdb python3 dnf curl find sed grep; do
    put "$(type -P $tool)"
done
put "$(realpath "$(type -P dnf)")"
tree /usr/lib/rpm /usr/share/dnf 2>/dev/null || true
version=$(python3 -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
mkdir -p "$root/usr/lib/$version" "$root/usr/lib/python3/dist-packages"
(cd "/usr/lib/$version" && find . \( -name test -o -name tests -o -name idlelib -o -name tkinter -o -name lib2to3 -o -name __pycache__ -o -name 'config-*' -o -name ensurepip -o -name pydoc_data \) -prune -o -type f -print0 | cpio -0pdm --quiet "$root/usr/lib/$version")
for package in dnf hawkey libdnf librepo libcomps rpm gpg dateutil six.py; do
    from=/usr/lib/python3/dist-packages/$package
    [ ! -e "$from" ] || cp -a "$from" "$root/usr/lib/python3/dist-packages/"
done
find "$root/usr/lib/python3" -name __pycache__ -prune -exec rm -r {} +
find "$root/usr/lib/rpm" -maxdepth 1 -type f -size +200k -delete
find "$root/usr" -type f \( -perm /111 -o -name '*.so*' \) -print0 | xargs -0 ldd 2>/dev/null | grep -o '/[^ ]*' | grep -v ':$' | sort -u | while read -r lib; do put "$lib"; done
cp -p /etc/ld.so.conf "$root/etc/" && mkdir -p "$root/etc/ld.so.conf.d" && cp -p /etc/ld.so.conf.d/* "$root/etc/ld.so.conf.d/"
ldconfig -r "$root"
printf 'root:x:0:0:root:/root:/bin/sh\n' > "$root/etc/passwd"
printf 'root:x:0:\n' > "$root/etc/group"
printf '0123456789abcdef0123456789abcdef\n' > "$root/etc/machine-id"
printf '[main]\ngpgcheck=1\n' > "$root/etc/dnf/dnf.conf"
mkdir -p "$root/etc/rpm"
printf '%%_dbpath /var/lib/rpm\n%%_db_backend sqlite\n%%_pkgverify_level all\n' > "$root/etc/rpm/macros.machine"
