"""Follows a channel as python-tuf's own client does, and says as JSON what it believes.

Arguments: a directory that is kept from one run to the next, the channel's URL, the trusted root, the time (`now`, or as
RFC 3339), and the files to download.
"""
import datetime
import json
import os
import sys

from tuf.api.exceptions import DownloadError, RepositoryError
from tuf.ngclient import Updater, UpdaterConfig

machine, url, root, time, *targets = sys.argv[1:]
for name in ("metadata", "targets"):
    os.makedirs(os.path.join(machine, name), exist_ok=True)
with open(root, "rb") as file:
    bootstrap = file.read()
said = {"error": None, "message": None}
try:
    updater = Updater(
        os.path.join(machine, "metadata"),
        f"{url}/tuf/",
        os.path.join(machine, "targets"),
        f"{url}/",
        config=UpdaterConfig(prefix_targets_with_hash=False),
        bootstrap=bootstrap,
    )
    if time != "now":
        updater._trusted_set.reference_time = datetime.datetime.fromisoformat(time)
    updater.refresh()
    trusted = updater._trusted_set
    said |= {role: getattr(trusted, role).version for role in ("root", "timestamp", "snapshot", "targets")}
    for path in targets:
        info = updater.get_targetinfo(path)
        if info is None:
            raise RepositoryError(f"{path} is no target")
        updater.download_target(info, os.path.join(machine, "targets", os.path.basename(path)))
except (RepositoryError, DownloadError) as error:
    said |= {"error": type(error).__name__, "message": str(error)}
print(json.dumps(said))
