//! The XML files that describe a repository's groups.

/// A package group whose packages are all mandatory.
pub(crate) struct Group<'a> {
    pub(crate) id: &'a str,
    pub(crate) name: &'a str,
    pub(crate) packages: &'a [String],
}

/// A comps file.
pub(crate) fn xml(groups: &[Group<'_>]) -> String {
    let groups: String = groups.iter().map(group_xml).collect();
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<comps>\n{groups}</comps>\n")
}

fn group_xml(group: &Group<'_>) -> String {
    let packages: String = group
        .packages
        .iter()
        .map(|p| format!("      <packagereq type=\"mandatory\">{p}</packagereq>\n"))
        .collect();
    format!(
        "  <group>\n    <id>{}</id>\n    <name>{}</name>\n    <description>{}</description>\n    \
         <default>false</default>\n    <uservisible>true</uservisible>\n    \
         <packagelist>\n{packages}    </packagelist>\n  </group>\n",
        escaped(group.id),
        escaped(group.name),
        escaped(group.name)
    )
}

/// Text between tags.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
