#!/bin/bash
# Builds one source package the plain way: dnf installs its BuildRequires into an overlay of the
# base root, rpmbuild builds it there. Runs in fresh namespaces (no network), so that nothing
# is left mounted whenever it ends.
#
# in:  BASE (root), DIST_GIT, LOOKASIDE, NAME, RPMMACROS (file), DNF_CONF, DNF_CACHE, BUILD_HOST
#      WITH (rpmbuild options), WORK (empty directory), HOST_HOME (with host rpm's settings)
# out: $WORK/out/*.rpm, $WORK/out/used (the vendor's packages that were installed)
set -euo pipefail

root=$WORK/root
build=$root/builddir/build
mkdir -p "$WORK"/{upper,work,root,out}
hostname "$BUILD_HOST"
mount -t overlay overlay -o "lowerdir=$BASE,upperdir=$WORK/upper,workdir=$WORK/work" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for node in null zero full random urandom tty; do
    touch "$root/dev/$node"
    mount --bind "/dev/$node" "$root/dev/$node"
done
mkdir "$root"/dev/{shm,pts}
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
for std in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${std%:*}" "$root/dev/${std#*:}"; done

# In the root, as the build user.
builder() {
    chroot --userspec=mockbuild:mockbuild "$root" /usr/bin/env -i HOME=/builddir TERM=dumb \
        PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin LANG=C.UTF-8 TZ=UTC "$@"
}

# On the host, for the root: what this source package says that it needs.
install_for() {
    HOME=$HOST_HOME dnf --config "$DNF_CONF" --installroot "$root" --disableplugin=local \
        --releasever 9 --setopt=module_platform_id=platform:el9 --setopt=cachedir="$DNF_CACHE" \
        --assumeyes builddep --srpm "$@"
}

cp "$RPMMACROS" "$root/builddir/.rpmmacros"
cp -r "$DIST_GIT/SPECS" "$DIST_GIT/SOURCES" "$build/"
while read -r digest file; do
    cp "$LOOKASIDE/$digest" "$build/$file"
done < "$DIST_GIT/.$NAME.metadata"
# A source package records when its files were written, and the binaries record its digest.
find "$build/SPECS" "$build/SOURCES" -exec touch --date=2024-04-01T00:00:00Z {} +
chroot "$root" chown -R mockbuild:mockbuild /builddir
spec=/builddir/build/SPECS/$NAME.spec

# shellcheck disable=SC2086 # WITH is a list of options
builder rpmbuild -bs --nodeps $WITH "$spec"
install_for "$build"/SRPMS/*.src.rpm

# BuildRequires that the sources themselves tell: repeated until nothing is missing.
while grep -q '^%generate_buildrequires' "$build/SPECS/$NAME.spec"; do
    status=0
    builder rpmbuild -br $WITH "$spec" || status=$?
    [ "$status" = 0 ] && break
    [ "$status" = 11 ] || exit "$status"
    install_for "$build"/SRPMS/*.buildreqs.nosrc.rpm
    rm "$build"/SRPMS/*.buildreqs.nosrc.rpm
done

rm -rf "$build"/{SRPMS,BUILD}/*
builder rpmbuild -ba $WITH "$spec"
find "$build/RPMS" "$build/SRPMS" -name '*.rpm' ! -name '*.buildreqs.nosrc.rpm' -exec cp {} "$WORK/out/" \;
builder rpm -qa --qf '%{VENDOR}|%{SOURCERPM}\n' | sort -u > "$WORK/out/used"
