//! What each distribution says of itself: its repositories, and the file by which machines are carried to it.

use super::Side;

/// Where the mirror is, as a machine sees it.
pub const MIRROR: &str = "/mnt/mirror";

/// `/etc/yum.repos.d/<id>.repo`.
pub(super) fn repo_file(side: Side) -> String {
    let repository = |name: &str| {
        format!(
            "[{id}-{short}]\nname={full} $releasever - {name}\nbaseurl=file://{MIRROR}/{id}/{name}/$basearch/os\nenabled=1\ngpgcheck=1\n\
             repo_gpgcheck=1\ngpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-{id}-9\n",
            id = side.id(),
            short = name.to_lowercase(),
            full = side.name(),
        )
    };
    [repository("BaseOS"), repository("AppStream")].join("\n")
}

/// The target file, for a mirror at this URL.
pub fn target(side: Side, mirror: &str, certificate: &str) -> String {
    let id = side.id();
    let mut text = format!(
        "format = 1\nid = \"{id}\"\nname = \"{name}\"\nversion = \"9.4\"\narchitectures = [\"x86_64\"]\nplatform = \"platform:el9\"\n\
         certificates = \"\"\"\n{certificate}\"\"\"\n\n[roles]\nrelease = \"{id}-release\"\nrepos = \"{id}-repos\"\n\
         gpg-keys = \"{id}-gpg-keys\"\nlogos = \"{id}-logos\"\n",
        name = side.name()
    );
    for name in ["BaseOS", "AppStream"] {
        text.push_str(&format!(
            "\n[[repositories]]\nid = \"{}\"\nname = \"{} 9 - {name}\"\nbaseurls = [\"{mirror}/{id}/{name}/$basearch/os\"]\n",
            side.repository(name),
            side.name()
        ));
    }
    if side == Side::Tarnholt {
        // Kestrel's name for it is not declared by an Obsoletes of Tarnholt's.
        text.push_str("\n[[swaps]]\nfrom = \"netwatchd\"\nto = \"netwatch\"\nreason = \"its name here\"\n");
        text.push_str("\n[[packages]]\nname = \"stationery-common\"\nfate = \"remove\"\nreason = \"part of stationery here\"\n");
    } else {
        text.push_str("\n[[packages]]\nname = \"heron-guide\"\nfate = \"remove\"\nreason = \"about another distribution\"\n");
    }
    text
}
