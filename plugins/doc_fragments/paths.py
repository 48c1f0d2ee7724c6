# SPDX-License-Identifier: Apache-2.0
"""Documentation of the option in module_utils/hosts/system/paths.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  paths:
    description: Files and folders, and how they should be.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The path. Links are followed.
        type: path
        required: true
      state:
        description: Whether it is a file or a folder.
        type: str
        choices: [file, directory]
        default: file
      mode:
        description: Permissions, in octal digits.
        type: str
        default: '0644'
      owner:
        description: Name or number of the owner.
        type: str
        default: root
      group:
        description: Name or number of the group.
        type: str
        default: root
      checksum:
        description:
          - C(sha256:) or another algorithm, and the hexadecimal digits of a file's content.
          - Without it any content is accepted.
        type: str
        default: ''
"""
