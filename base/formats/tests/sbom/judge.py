"""Judges lists of parts: judge.py FORM FILE. Says what is wrong, and what it has read."""

import json
import sys


def spdx(path):
    from spdx_tools.spdx.parser.parse_anything import parse_file
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

    document = parse_file(path)
    wrong = [message.validation_message for message in validate_full_spdx_document(document, "SPDX-2.3")]
    kinds = sorted({relationship.relationship_type.name for relationship in document.relationships})
    return wrong, {"packages": len(document.packages), "relationships": kinds}


def spdx3(path):
    from spdx_python_model.bindings import v3_0_1 as model

    objects = model.SHACLObjectSet()
    with open(path, "rb") as file:
        # Refuses classes and properties that there are not, wrong values, and wrong numbers of them.
        model.JSONLDDeserializer().read(file, objects)
    wrong = [f"{identifier} is nowhere" for identifier in objects.missing_ids]
    # Writing checks that nothing is absent that has to be there.
    with open("/dev/null", "wb") as file:
        model.JSONLDSerializer().write(objects, file)
    builds = list(objects.foreach_type(model.build_Build))
    inputs = [it for it in objects.foreach_type(model.LifecycleScopedRelationship)]
    return wrong, {
        "packages": sum(1 for _ in objects.foreach_type(model.software_Package)),
        "builds": len(builds),
        "scopes": sorted({it.scope.rsplit("/", 1)[-1] for it in inputs}),
        "vulnerabilities": sorted(it.name for it in objects.foreach_type(model.security_Vulnerability)),
        "licences": sorted(
            it.simplelicensing_licenseExpression
            for it in objects.foreach_type(model.simplelicensing_LicenseExpression)
        ),
    }


def cyclonedx(path):
    from cyclonedx.model.bom import Bom
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    text = open(path).read()
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    document = json.loads(text)
    bom = Bom.from_json({**document, "formulation": []})
    # Every reference leads to something.
    known, used = set(), []

    def walk(value, key=None):
        if isinstance(value, dict):
            for name, inner in value.items():
                if name == "bom-ref":
                    if inner in known:
                        used.append(f"{inner} twice")
                    known.add(inner)
                elif name == "ref":
                    used.append(inner)
                walk(inner, name)
        elif isinstance(value, list):
            for inner in value:
                if key == "dependsOn":
                    used.append(inner)
                walk(inner, key)

    walk(document)
    wrong = [str(error)] if error else []
    wrong += [f"{reference} is nowhere" for reference in used if reference not in known]
    return wrong, {"components": len(bom.components), "vulnerabilities": sorted(it.id for it in bom.vulnerabilities)}


wrong, read = {"spdx": spdx, "spdx3": spdx3, "cyclonedx": cyclonedx}[sys.argv[1]](sys.argv[2])
if wrong:
    sys.exit("\n".join(wrong[:20]))
print(json.dumps(read))
