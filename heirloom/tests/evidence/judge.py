"""Judges a signed provenance: judge.py ENVELOPE PUBLIC_NUMBERS FINGERPRINT PACKAGE.rpm...

The envelope is verified by securesystemslib, the statement and its predicate are read by the types that in-toto publishes,
and what is stated of packages is held against them and against what rpm says of them."""

import hashlib
import json
import subprocess
import sys

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey

envelope_file, numbers_file, fingerprint, *packages = sys.argv[1:]
numbers = [int(line.split(":")[3], 16) for line in open(numbers_file) if line.startswith("pkd:")]
public = RSAPublicNumbers(numbers[1], numbers[0]).public_key()
key = SSlibKey.from_crypto(public, fingerprint, "rsa-pkcs1v15-sha256")

envelope = Envelope.from_dict(json.load(open(envelope_file)))
envelope.verify([key], 1)
assert envelope.payload_type == "application/vnd.in-toto+json", envelope.payload_type

# Unknown fields are errors here.
proto = json_format.Parse(envelope.payload, statement_pb2.Statement())
statement = Statement.copy_from_pb(proto)
statement.validate()
assert statement.pb.predicate_type == "https://slsa.dev/provenance/v1"
predicate = json_format.ParseDict(json_format.MessageToDict(statement.pb.predicate), provenance_pb2.Provenance())
assert predicate.build_definition.build_type and predicate.run_details.builder.id

names = [subject.name for subject in statement.pb.subject]
assert len(set(names)) == len(names), names
for package in packages:
    sha256 = hashlib.sha256(open(package, "rb").read()).hexdigest()
    [subject] = [subject for subject in statement.pb.subject if subject.digest["sha256"] == sha256]
    query = ["rpm", "-qp", "--nosignature", "--qf", "%{SHA256HEADER}", package]
    header = subprocess.run(query, check=True, capture_output=True, text=True).stdout
    assert subject.digest["rpmHeaderSha256"] == header, (package, header)

dependencies = predicate.build_definition.resolved_dependencies
print(json.dumps({
    "subjects": names,
    "buildroot": [it.uri for it in dependencies if it.annotations["role"] == "buildroot"],
    "times": predicate.run_details.metadata.HasField("started_on"),
}))
