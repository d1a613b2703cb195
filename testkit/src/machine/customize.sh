# What people do to a machine after it was installed. Runs inside of it.
set -eu
echo 0123456789abcdef0123456789abcdef >/etc/machine-id
echo "$kind" >/etc/hostname
echo 'UUID=6f4a3c58-0d5e-4b9d-8f0e-9a1f6d0c2b11 / xfs defaults 0 0' >/etc/fstab
sed -i 's|https://download.tarnholt.example/$releasever/|file:///mnt/mirror/tarnholt/|' /etc/yum.repos.d/tarnholt.repo
# rpm's own Python is not compiled by anybody here; dnf would take a second longer each time.
python3 -m compileall -q /usr/lib/python3 /usr/lib/python3.11 >/dev/null || :

# what an installation leaves in /boot
mkdir -p /boot/grub2
grub2-mkconfig -o /boot/grub2/grub.cfg
grub2-editenv - create
grub2-set-default 0123456789abcdef0123456789abcdef-5.14.0-427.el9.x86_64

# configuration: kept by rpm, replaced by rpm, and of no package
echo 'workers = 16' >>/etc/steward/steward.conf
sed -i 's/allow = .*/allow = none/' /etc/steward/policy.conf
echo 'notes of the administrator' >/etc/NOTES
mkdir -p /etc/cron.d /srv/data /usr/local/bin
echo '0 4 * * * root /usr/local/bin/backup' >/etc/cron.d/backup
printf '#!/bin/sh\necho backup\n' >/usr/local/bin/backup
chmod 755 /usr/local/bin/backup
ln -s ../../bin/tree /usr/local/bin/t
echo data >/srv/data/file
useradd -m ada
echo 'mine' >/home/ada/notes
setfattr -n user.origin -v hand /etc/NOTES 2>/dev/null || :
alternatives --set java /usr/lib/jvm/java-17-openjdk-17.0.10-1.el9.x86_64/bin/java

if [ "$kind" = whole ]; then
    echo 'rotate 9' >>/etc/logrotate.conf
    echo 'token = secret' >>/etc/harbour/agent.conf
    dnf -q -y makecache
    dnf -q -y module enable scribe:5
    dnf -q -y install scribe harbour-tools
    dnf -q -y install /mnt/mirror/orphan/bygone-*.rpm
    # made by hand between two packages' files
    ln /usr/bin/steward /usr/bin/steward-by-hand
fi
dnf -q clean all
rm -rf /var/cache/dnf /var/log/dnf* /var/log/hawkey.log /tmp/* /var/tmp/*
