"""A bucket on loopback: moto keeps the objects, botocore checks each signature, and a file says what goes wrong.

usage: s3_server.py CONTROL ID SECRET

CONTROL holds `COUNT STATUS`: after so many more changes of objects each request is answered with the status, or, for
the status 0, not at all. Unsigned requests may only read, as if the bucket was public.
"""

import pathlib
import sys
import threading
import time
from urllib.parse import parse_qsl, quote, urlencode

from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

CONTROL, ID, SECRET = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
LOCK = threading.Lock()


def signature(environ, query):
    """The signature that the request should have."""
    headers = {}
    for name in query["X-Amz-SignedHeaders"].split(";"):
        key = name.upper().replace("-", "_")
        headers[name] = environ.get(key if name == "content-type" else "HTTP_" + key, "")
    unsigned = {name: value for name, value in query.items() if name != "X-Amz-Signature"}
    path = quote(environ["PATH_INFO"].encode("latin-1"), safe="/-_.~")
    url = f"http://{environ['HTTP_HOST']}{path}?{urlencode(unsigned, quote_via=quote)}"
    request = AWSRequest(method=environ["REQUEST_METHOD"], url=url, headers=headers)
    request.context["timestamp"] = query["X-Amz-Date"]
    region, service = query["X-Amz-Credential"].split("/")[2:4]
    auth = S3SigV4QueryAuth(Credentials(ID, SECRET), service, region)
    return auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)


def refusal(environ):
    """A status and a reason, if the request may not be made."""
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    if "X-Amz-Signature" not in query:
        return None if environ["REQUEST_METHOD"] in ("GET", "HEAD") else "403 AccessDenied"
    if query["X-Amz-Credential"].split("/")[0] != ID:
        return "403 InvalidAccessKeyId"
    for name in environ:
        signed = query["X-Amz-SignedHeaders"].split(";")
        if name.startswith("HTTP_X_AMZ_") and name[5:].lower().replace("_", "-") not in signed:
            return "403 a header is not signed"
    return None if signature(environ, query) == query["X-Amz-Signature"] else "403 SignatureDoesNotMatch"


def fault(environ):
    """What is to go wrong with this request."""
    with LOCK:
        if environ["REQUEST_METHOD"] in ("GET", "HEAD") or not CONTROL.exists():
            return None
        count, status = CONTROL.read_text().split()
        if int(count) > 0:
            CONTROL.write_text(f"{int(count) - 1} {status}")
            return None
        return int(status)


def application(environ, start_response):
    status = refusal(environ)
    wrong = None if status else fault(environ)
    if wrong == 0:
        time.sleep(600)
    if wrong:
        status = f"{wrong} InternalError"
    if status:
        body = f"<Error><Code>{status[4:]}</Code></Error>".encode()
        start_response(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
        return [body]
    # The backend need not be told how it was signed, only by whom.
    environ["HTTP_AUTHORIZATION"] = f"AWS4-HMAC-SHA256 Credential={ID}/20260101/us-east-1/s3/aws4_request"
    pairs = parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    environ["QUERY_STRING"] = urlencode([pair for pair in pairs if not pair[0].startswith("X-Amz-")])
    return BACKEND(environ, start_response)


BACKEND = DomainDispatcherApplication(create_backend_app)
SERVER = make_server("127.0.0.1", 0, application, threaded=True)
print(SERVER.port, flush=True)
SERVER.serve_forever()
