"""S3 and Glue for the bench of λ settle: one bucket and one database, every call made slow.

Objects are files. Conditions are heeded as S3 heeds them; no signature is checked. Paths that begin with `/-/` are the
bench's own: they put objects in, list them, give the calls since the last question, and set clock and delay.
"""

import bisect
import collections
import datetime
import hashlib
import json
import os
import re
import shutil
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.sax.saxutils import escape

BUCKET = "lake"


class Cloud(ThreadingHTTPServer):
    """One bucket and one Glue database."""

    daemon_threads, request_queue_size = True, 128

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder, self.delay, self.ahead, self.lock = folder, 0, 0, threading.Lock()
        self.objects, self.keys, self.parts, self.uploads, self.partitions = {}, [], 0, {}, collections.defaultdict(dict)
        self.calls = collections.defaultdict(lambda: [0, 0.0])

    def now(self):
        return time.time() + self.ahead

    def new_file(self):
        with self.lock:
            self.parts += 1
            return os.path.join(self.folder, str(self.parts))

    def put(self, key, path, etag, size, only_new=False):
        with self.lock:
            there = self.objects.get(key)
            if there and only_new:
                return False
            if not there:
                bisect.insort(self.keys, key)
            self.objects[key] = (path, etag, size, self.now())
            return True

    def delete(self, key):
        with self.lock:
            gone = self.objects.pop(key, None)
            if gone:
                del self.keys[bisect.bisect_left(self.keys, key)]
        # What was landed is the cache's.
        if gone and os.path.dirname(gone[0]) == self.folder:
            os.remove(gone[0])

    def list(self, prefix, after, most):
        with self.lock:
            begin = max(bisect.bisect_left(self.keys, prefix), bisect.bisect_right(self.keys, after) if after else 0)
            page = [key for key in self.keys[begin:begin + most + 1] if key.startswith(prefix)]
            return [(key, self.objects[key]) for key in page[:most]], len(page) > most


class Handler(BaseHTTPRequestHandler):
    protocol_version, disable_nagle_algorithm, wbufsize = "HTTP/1.1", True, 1 << 16

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", headers=(), length=None):
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status, code):
        self.answer(status, f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode())

    def handle_call(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        if url.path.startswith("/-/"):
            return self.control(url.path[3:], body)
        began = time.monotonic()
        time.sleep(self.server.delay)
        if "X-Amz-Target" in self.headers:
            kind = "glue " + self.headers["X-Amz-Target"].split(".")[-1]
            self.glue(kind[5:], json.loads(body))
        else:
            kind = self.s3(unquote(url.path)[len(BUCKET) + 2:], query, body)
        with self.server.lock:
            counted = self.server.calls[kind]
            counted[0] += 1
            counted[1] += time.monotonic() - began

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_call

    def control(self, what, body):
        cloud = self.server
        if what == "calls":
            with cloud.lock:
                calls, cloud.calls = cloud.calls, collections.defaultdict(lambda: [0, 0.0])
            return self.answer(200, json.dumps(calls).encode())
        if what == "objects":
            return self.answer(200, json.dumps({key: there[0] for key, there in cloud.objects.items()}).encode())
        if what == "ahead":
            cloud.ahead += float(body)
        elif what == "delay":
            cloud.delay = float(body)
        else:
            for key, path in json.loads(body).items():
                with open(path, "rb") as file:
                    cloud.put(key, path, hashlib.file_digest(file, "md5").hexdigest(), os.path.getsize(path))
        self.answer(200)

    def s3(self, key, query, body):
        """Answers a call to S3, and says which it was."""
        cloud, method = self.server, self.command
        if method == "POST" and "delete" in query:
            keys = re.findall(rb"<Key>(.*?)</Key>", body)
            for one in keys:
                cloud.delete(one.decode())
            said = b"".join(b"<Deleted><Key>" + one + b"</Key></Deleted>" for one in keys)
            self.answer(200, b"<DeleteResult>" + said + b"</DeleteResult>")
            return "s3 DeleteObjects"
        if not key:
            self.listing(query)
            return "s3 ListObjectsV2"
        if "uploads" in query or "uploadId" in query:
            return self.multipart(key, query, body)
        if method == "PUT":
            path, etag = cloud.new_file(), hashlib.md5(body).hexdigest()
            with open(path, "wb") as file:
                file.write(body)
            if cloud.put(key, path, etag, len(body), self.headers.get("If-None-Match") == "*"):
                self.answer(200, headers=[("ETag", f'"{etag}"')])
            else:
                os.remove(path)
                self.refuse(412, "PreconditionFailed")
            return "s3 PUT"
        if method == "DELETE":
            cloud.delete(key)
            self.answer(204)
            return "s3 DELETE"
        self.get(key)
        return f"s3 {method}"

    def get(self, key):
        path, etag, size, written = self.server.objects.get(key, (None, "", 0, 0))
        if not path:
            return self.refuse(404, "NoSuchKey")
        matches = lambda name: self.headers.get(name, "").strip('"') == etag
        if "If-Match" in self.headers and not matches("If-Match"):
            return self.refuse(412, "PreconditionFailed")
        headers = [("ETag", f'"{etag}"'), ("Last-Modified", formatdate(written, usegmt=True))]
        if matches("If-None-Match"):
            return self.answer(304, headers=headers)
        if self.command == "HEAD":
            return self.answer(200, headers=headers, length=size)
        begin, end, status = 0, size, 200
        if asked := re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", "")):
            first, last = asked.groups()
            begin = int(first) if first else max(size - int(last), 0)
            end, status = min(int(last) + 1, size) if first and last else size, 206
            if begin >= end:
                return self.refuse(416, "InvalidRange")
            headers.append(("Content-Range", f"bytes {begin}-{end - 1}/{size}"))
        with open(path, "rb") as file:
            file.seek(begin)
            self.answer(status, file.read(end - begin), headers)

    def listing(self, query):
        after = query.get("continuation-token") or query.get("start-after", "")
        page, more = self.server.list(query.get("prefix", ""), after, min(int(query.get("max-keys", 1000)), 1000))
        time_of = lambda at: datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        files = "".join(f"<Contents><Key>{escape(key)}</Key><LastModified>{time_of(at)}</LastModified><ETag>&quot;{etag}&quot;"
                        f"</ETag><Size>{size}</Size></Contents>" for key, (_, etag, size, at) in page)
        token = f"<NextContinuationToken>{escape(page[-1][0])}</NextContinuationToken>" if more else ""
        self.answer(200, f"<ListBucketResult><Name>{BUCKET}</Name><KeyCount>{len(page)}</KeyCount><IsTruncated>"
                    f"{str(more).lower()}</IsTruncated>{token}{files}</ListBucketResult>".encode())

    def multipart(self, key, query, body):
        cloud, upload = self.server, query.get("uploadId")
        if self.command == "PUT":
            path, etag = cloud.new_file(), hashlib.md5(body)
            with open(path, "wb") as file:
                file.write(body)
            cloud.uploads[upload][int(query["partNumber"])] = (path, etag, len(body))
            self.answer(200, headers=[("ETag", f'"{etag.hexdigest()}"')])
            return "s3 UploadPart"
        if upload is None:
            upload = os.path.basename(cloud.new_file())
            cloud.uploads[upload] = {}
            self.answer(200, f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>".encode())
            return "s3 CreateMultipartUpload"
        parts = [part for _, part in sorted(cloud.uploads.pop(upload).items())]
        if self.command == "POST":
            path, etag = cloud.new_file(), hashlib.md5(b"".join(part[1].digest() for part in parts)).hexdigest()
            with open(path, "wb") as file:
                for part in parts:
                    with open(part[0], "rb") as one:
                        shutil.copyfileobj(one, file)
            etag = f"{etag}-{len(parts)}"
            cloud.put(key, path, etag, sum(part[2] for part in parts))
            self.answer(200, f"<CompleteMultipartUploadResult><ETag>&quot;{etag}&quot;</ETag></CompleteMultipartUploadResult>".encode())
        else:
            self.answer(204)
        for part in parts:
            os.remove(part[0])
        return "s3 CompleteMultipartUpload" if self.command == "POST" else "s3 AbortMultipartUpload"

    def glue(self, call, asked):
        name = asked.get("TableName") or asked.get("Name")
        table, status = self.server.partitions[name], 200
        folder = name.removeprefix("settled_")
        descriptor = {"Location": f"s3://{BUCKET}/{folder}/", "InputFormat": "parquet", "Columns": [],
                      "SerdeInfo": {"SerializationLibrary": "parquet"}}
        with self.server.lock:
            if call == "GetTable":
                said = {"Table": {"Name": name, "StorageDescriptor": descriptor}}
            elif call == "BatchGetPartition":
                values = [tuple(one["Values"]) for one in asked["PartitionsToGet"]]
                said = {"Partitions": [table[one] for one in values if one in table], "UnprocessedKeys": []}
            elif call == "BatchCreatePartition":
                said = {"Errors": []}
                for one in asked["PartitionInputList"]:
                    if tuple(one["Values"]) in table:
                        detail = {"ErrorCode": "AlreadyExistsException", "ErrorMessage": "it exists"}
                        said["Errors"].append({"PartitionValues": one["Values"], "ErrorDetail": detail})
                    else:
                        table[tuple(one["Values"])] = one | {"CreationTime": int(self.server.now())}
            elif call == "GetPartitions":
                sign, than = re.fullmatch(r"\w+ ([<=]) '(.*)'", asked.get("Expression") or "key < '~'").groups()
                fits = (lambda value: value == than) if sign == "=" else (lambda value: value < than)
                found = [one for values, one in sorted(table.items()) if fits(values[-1])]
                begin = int(asked.get("NextToken") or 0)
                end = begin + min(int(asked.get("MaxResults") or 1000), 1000)
                said = {"Partitions": found[begin:end]} | ({"NextToken": str(end)} if len(found) > end else {})
            elif call == "DeletePartition" and table.pop(tuple(asked["PartitionValues"]), None):
                said = {}
            else:
                status, said = 400, {"__type": "EntityNotFoundException", "Message": call}
        self.answer(status, json.dumps(said).encode(), [("Content-Type", "application/x-amz-json-1.1")])


def serve(folder, port):
    """Runs until it is ended; tells its port first."""
    cloud = Cloud(folder)
    port.send(cloud.server_port)
    cloud.serve_forever()
