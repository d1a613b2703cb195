"""Judges a site: site.py DIRECTORY HOME. Prints what other programs read in it, as JSON; what is wrong ends it."""

import datetime
import email
import email.policy
import json
import pathlib
import sys
from urllib.parse import unquote, urljoin

import feedparser
import html5lib

site, home = pathlib.Path(sys.argv[1]), sys.argv[2]
base = home + "/"


def exists(url, where):
    """An address of the site leads to a file of it."""
    if url.startswith(base):
        path = unquote(url[len(base):].split("#")[0])
        path = site / path if path and not path.endswith("/") else site / path / "index.html"
        assert path.exists(), f"{where}: {url} leads nowhere"


# Pages: no error of syntax, nothing that runs or is fetched, no link that leads nowhere.
pages = sorted(site.rglob("*.html"))
for page in pages:
    document = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page.read_text("utf-8"))
    assert not document.findall(".//script") and not document.findall(".//img"), page
    assert all(not name.startswith("on") for element in document.iter() for name in element.attrib), page
    for link in document.findall(".//a"):
        url = urljoin(base + str(page.relative_to(site)), link.get("href"))
        assert url.startswith(("https://", "http://")), (page, url)
        exists(url, page)

# Feeds, by an independent reader.
feeds = {}
for name in ["advisories.atom", "advisories.rss"]:
    feed = feedparser.parse(str(site / name))
    assert not feed.bozo, (name, feed.bozo_exception)
    for entry in feed.entries:
        assert entry.published_parsed and entry.link == entry.id, entry
        exists(entry.link, name)
    feeds[name] = {
        "version": feed.version,
        "updated": list(feed.feed.updated_parsed)[:3],
        "entries": [[entry.id, entry.title] for entry in feed.entries],
    }

# Mails.
mails = {}
for path in sorted((site / "mail").iterdir()):
    raw = path.read_bytes()
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert not message.defects and all(len(line) < 998 for line in raw.splitlines()), path
    # Addresses can't be broken.
    text = message.get_content()
    assert all(len(line) <= 72 or "://" in line for line in text.splitlines()), path
    mails[path.name] = {
        "headers": sorted(message.keys()),
        "subject": message["subject"],
        "from": message["from"].addresses[0].addr_spec,
        "date": message["date"].datetime.isoformat(),
        "id": message["message-id"],
        "text": text,
    }


# CSAF 2.0, section 7: the metadata, the lists and the feed, as their schemas ask.
def only(thing, required, optional=()):
    assert set(required) <= set(thing) <= set(required) | set(optional), thing.keys()


def time(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


metadata = json.loads((site / ".well-known/csaf/provider-metadata.json").read_text())
only(
    metadata,
    ["canonical_url", "last_updated", "list_on_CSAF_aggregators", "mirror_on_CSAF_aggregators", "metadata_version",
     "publisher", "role", "distributions", "public_openpgp_keys"],
)
assert metadata["canonical_url"] == base + ".well-known/csaf/provider-metadata.json"
assert (metadata["metadata_version"], metadata["role"]) == ("2.0", "csaf_trusted_provider")
only(metadata["publisher"], ["category", "name", "namespace"], ["contact_details"])
directory, rolie = metadata["distributions"]
only(directory, ["directory_url"])
only(rolie, ["rolie"])
only(rolie["rolie"], ["feeds", "services"])
(feed,) = rolie["rolie"]["feeds"]
only(feed, ["tlp_label", "url", "summary"])
assert feed["tlp_label"] == "WHITE"
(key,) = metadata["public_openpgp_keys"]
only(key, ["fingerprint", "url"])
for url in [feed["url"], key["url"], *rolie["rolie"]["services"]]:
    exists(url, "provider-metadata.json")

top = site / directory["directory_url"][len(base):]
index = (top / "index.txt").read_text().splitlines()
documents = sorted(str(path.relative_to(top)) for path in top.rglob("*.json") if path.parent != top)
assert index == documents, (index, documents)
changes = [line.strip('"').split('","') for line in (top / "changes.csv").read_text().splitlines()]
assert sorted(name for name, _ in changes) == documents
assert [time(date) for _, date in changes] == sorted((time(date) for _, date in changes), reverse=True)
dates = dict(changes)

feed = json.loads((site / feed["url"][len(base):]).read_text())["feed"]
only(feed, ["id", "title", "link", "category", "updated", "entry"])
assert feed["category"][0] == {"scheme": "urn:ietf:params:rolie:category:information-type", "term": "csaf"}
assert feed["link"][0]["rel"] == "self"
listed = []
for entry in feed["entry"]:
    only(entry, ["id", "title", "link", "published", "updated", "content", "format"])
    assert [link["rel"] for link in entry["link"]] == ["self", "hash", "hash", "signature"]
    for link in [*entry["link"], {"href": entry["content"]["src"]}]:
        assert link["href"].startswith(base)
        exists(link["href"], "feed")
    name = entry["content"]["src"][len(directory["directory_url"]) + 1:]
    listed.append(name)
    document = json.loads((top / name).read_text())
    tracking = document["document"]["tracking"]
    assert (entry["id"], entry["title"]) == (tracking["id"], document["document"]["title"])
    assert entry["updated"] == tracking["current_release_date"] == dates[name]
    assert name.startswith(tracking["initial_release_date"][:4] + "/")
    for link in document["document"]["references"]:
        if link["category"] == "self":
            assert link["url"] == directory["directory_url"] + "/" + name
    for one in document.get("vulnerabilities", []):
        for remedy in one.get("remediations", []):
            exists(remedy.get("url", ""), name)
assert sorted(listed) == documents
assert metadata["last_updated"] == feed["updated"] == changes[0][1]

entries = json.loads((site / "advisories.json").read_text())["advisories"]
for entry in entries:
    for paths in entry["paths"].values():
        for path in [paths] if isinstance(paths, str) else paths:
            assert (site / path).is_file(), path
    assert json.loads((site / entry["paths"]["json"]).read_text())["id"] == entry["id"]

print(json.dumps({
    "pages": len(pages),
    "feeds": feeds,
    "mails": mails,
    "documents": documents,
    "advisories": [entry["id"] for entry in entries],
}))
