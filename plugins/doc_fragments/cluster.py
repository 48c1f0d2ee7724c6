# SPDX-License-Identifier: Apache-2.0
"""Documentation of the options in module_utils/cluster/cluster_options.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  kubeconfig:
    description:
      - How to reach the cluster. A mapping with the content of a kubeconfig, or the path of one.
      - A user may authenticate with a client certificate, a token, a password
        or a credential plugin (C(exec)).
      - Without it, the environment variable E(K8S_AUTH_KUBECONFIG), otherwise E(KUBECONFIG), holds the path
        of one file. Where neither is set, the module fails.
    type: raw
  context:
    description: The context of the kubeconfig. Without it, its current context.
    type: str
requirements:
  - PyYAML (only when O(kubeconfig) is a path or when a plugin writes YAML)
notes:
  - Runs where the kubeconfig works, which is usually the controller.
"""

    # Of the options in module_utils/cluster/absent_cluster.py.
    ANSWERS = r"""
options:
  namespace:
    description: The namespace of the site.
    type: str
    required: true
  config_maps:
    description:
      - ConfigMaps of O(namespace) whose data the caller wants to know. C(NAMESPACE/NAME) is one of another
        namespace.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds to wait for each answer of the API server.
    type: float
    default: 10
notes:
  - A cluster that does not answer is a result, too. RV(answers) says so; the module does not fail for it.
"""
