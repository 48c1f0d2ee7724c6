"""The configuration of the mirror."""

from __future__ import annotations

import hashlib
import time
import urllib.error
import urllib.request
from pathlib import Path

from lab.errors import LabError
from lab.hosts.fleet import MIRROR_FILES
from lab.models.ollama_registry import NGINX_BLOBS
from lab.settings import MIRROR_PORT

_CONFIGURATION = """\
# Written by the lab. Serves files with ranges and HEAD, which nginx does by itself.
user root;
worker_processes 1;
pid /run/nginx.pid;
error_log stderr warn;
events {{ worker_connections 256; }}
http {{
  access_log /dev/stdout;
  sendfile on;
  tcp_nopush on;
  types {{ }}
  default_type application/octet-stream;
  server {{
    listen {port} default_server;
    root {files};
    location = /health {{ default_type text/plain; return 200 "ok\\n"; }}
    # The read-only half of a registry: names without endings, so the form is told by the path.
    location = /v2/ {{ default_type application/json; return 200 "{{}}"; }}
    {blobs}
    location ~ ^/v2/.*/manifests/ {{
      default_type application/vnd.docker.distribution.manifest.v2+json;
    }}
  }}
}}
"""


def write_configuration(folder: Path) -> Path:
    """Write it under a name with its digest: another text is another mount, so another container."""
    text = _CONFIGURATION.format(port=MIRROR_PORT, files=MIRROR_FILES, blobs=NGINX_BLOBS)
    path = folder / f"nginx-{hashlib.sha256(text.encode()).hexdigest()[:12]}.conf"
    if not path.exists():
        for other in folder.glob("nginx*.conf"):
            other.unlink()
        path.write_text(text, encoding="utf-8")
    return path


def wait_until_served(url: str, path: str = "/health", timeout_s: float = 180) -> None:
    """Wait until what serves the hosts answers. The machine's proxy settings are not for it."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            with opener.open(f"{url}{path}", timeout=3):
                return
        except (urllib.error.URLError, OSError) as error:
            if time.monotonic() > deadline:
                raise LabError(
                    f"nobody answers at {url}: {error}", "python -m lab logs mirror, or hub, or registry"
                ) from error
        time.sleep(0.3)
