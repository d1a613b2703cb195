"""Judges proofs, checkpoints and cosignatures with sigstore's and rekor-verifier's own code, and signs for the way back."""

import base64
import hashlib
import json
import struct
import sys
from pathlib import Path
from types import SimpleNamespace

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from rekor_verifier.merkle_proof import Hasher, verify_consistency
from sigstore._internal.merkle import verify_merkle_inclusion
from sigstore._internal.rekor.checkpoint import SignedNote, verify_checkpoint
from sigstore._internal.trust import Keyring
from sigstore.errors import VerificationError
from sigstore_models.common import v1 as common


def vkey(text):
    """A public key of notes: its hash, its type, the key."""
    name, digest, key = text.strip().split("+", 2)
    key = base64.b64decode(key, validate=True)
    expected = hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]
    assert expected.hex() == digest, text
    return name, expected, key[0], Ed25519PublicKey.from_public_bytes(key[1:])


def inclusion(path, log):
    """sigstore's opinion of a proof: its inclusion, and its checkpoint's signature."""
    head, note = path.read_text().split("\n\n", 1)
    header, extra, index, *hashes = head.split("\n")
    assert header == "c2sp.org/tlog-proof@v1"
    origin, size, root = note.split("\n")[:3]
    _, digest, _, key = vkey(log)
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    details = common.PublicKeyDetails.PKIX_ED25519
    keyring = Keyring([SimpleNamespace(raw_bytes=der, key_details=details)])
    proof = SimpleNamespace(
        log_index=int(index.removeprefix("index ")),
        tree_size=int(size),
        hashes=[base64.b64decode(one, validate=True) for one in hashes],
        root_hash=base64.b64decode(root, validate=True),
        checkpoint=SimpleNamespace(envelope=note),
    )
    body = base64.b64decode(extra.removeprefix("extra "), validate=True)
    inner = SimpleNamespace(
        inclusion_proof=proof, canonicalized_body=body, log_id=SimpleNamespace(key_id=digest)
    )
    entry = SimpleNamespace(_inner=inner)
    try:
        verify_merkle_inclusion(entry)
        verify_checkpoint(keyring, entry)
    except VerificationError as error:
        return str(error)
    return "holds"


def consistency(one):
    """rekor-verifier's opinion of two sizes of a log."""
    try:
        verify_consistency(Hasher(), one["size1"], one["size2"], one["proof"], one["root1"], one["root2"])
    except Exception as error:
        return str(error) or type(error).__name__
    return "holds"


def cosignature(note, witness):
    """When a witness cosigned, by the specification and cryptography's Ed25519."""
    _, digest, kind, key = vkey(witness)
    assert kind == 4
    read = SignedNote.from_text(note)
    for one in read.signatures:
        if one.sig_hash == digest:
            signature = base64.b64decode(one.signature)
            (time,) = struct.unpack(">Q", signature[:8])
            try:
                key.verify(signature[8:], f"cosignature/v1\ntime {time}\n{read.note}".encode())
            except InvalidSignature:
                return "does not hold"
            return time
    return "none"


def sign(name, kind, secret, text, prefix=b""):
    """A public key and the line of its signature, by the specification alone."""
    key = bytes([kind]) + secret.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    digest = hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]
    if kind == 4:
        message = f"cosignature/v1\ntime {struct.unpack('>Q', prefix)[0]}\n{text}"
    else:
        message = text
    signature = base64.b64encode(digest + prefix + secret.sign(message.encode())).decode()
    return f"{name}+{digest.hex()}+{base64.b64encode(key).decode()}", f"\u2014 {name} {signature}\n"


def main(place):
    log = (place / "log.vkey").read_text()
    text = "merlin.example/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    log_key, signed = sign("merlin.example/log", 1, Ed25519PrivateKey.from_private_bytes(b"a" * 32), text)
    secret = Ed25519PrivateKey.from_private_bytes(b"b" * 32)
    witness_key, cosigned = sign("w.example", 4, secret, text, struct.pack(">Q", 1700000000))
    print(json.dumps({
        "inclusion": {path.name: inclusion(path, log) for path in place.glob("*.tlog-proof")},
        "consistency": [consistency(one) for one in json.loads((place / "consistency.json").read_text())],
        "cosignature": cosignature((place / "checkpoint").read_text(), (place / "witness.vkey").read_text()),
        "own": {"log": log_key, "witness": witness_key, "note": f"{text}\n{signed}{cosigned}"},
    }))


main(Path(sys.argv[1]))
