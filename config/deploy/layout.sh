#!/bin/sh
# Gives an instance to the users of its processes. Run as root once after `randomizer init`:
#   sh layout.sh /srv/mesems
set -eu
instance=$1

getent group randomizer >/dev/null || groupadd --system randomizer
for process in site codebreak jobs; do
    getent passwd "randomizer-$process" >/dev/null ||
        useradd --system --gid randomizer --no-create-home --shell /usr/sbin/nologin "randomizer-$process"
    chown -R "randomizer-$process:randomizer" "$instance/$process"
    chmod 0700 "$instance/$process"
    find "$instance/$process" -type f -exec chmod 0600 {} +
done
chown root:randomizer "$instance" "$instance/instance.toml"
chmod 0750 "$instance"
chmod 0640 "$instance/instance.toml"
chown -R randomizer-jobs:randomizer "$instance/public"
