# SPDX-License-Identifier: Apache-2.0
"""The filter k3s_image_files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..module_utils.hosts.k3s.images import image_files
from ..plugin_utils.boundary.filters import as_filter

DOCUMENTATION = r"""
name: k3s_image_files
short_description: Name the files in which a host keeps the image archives of k3s
version_added: 0.1.0
author:
  - The inference.stack authors (@inference-stack)
positional: folder
description:
  - An archive that is listed twice is named once.
options:
  _input:
    description: Image archives, each with its C(url) and C(checksum).
    type: list
    elements: dict
    required: true
  folder:
    description: Where the host keeps them.
    type: path
    required: true
"""

EXAMPLES = r"""
archives: "{{ k3s_images | inference.stack.k3s_image_files('/var/lib/rancher/k3s/agent/images') }}"
"""

RETURN = r"""
_value:
  description:
    - The archives with their C(url), C(checksum) and C(path), and as C(file) what
      M(inference.stack.k3s_info) compares.
  type: list
  elements: dict
  sample:
    - url: https://mirror.example.com/images.tar.zst
      checksum: sha256:https://mirror.example.com/sha256sums.txt
      path: /var/lib/rancher/k3s/agent/images/images.tar.zst
      file: {path: /var/lib/rancher/k3s/agent/images/images.tar.zst, checksum: ""}
"""


class FilterModule:
    """Offers k3s_image_files."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"k3s_image_files": as_filter(image_files)}
