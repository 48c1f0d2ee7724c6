"""The rehearsal: everything that lets the playbooks run against two hosts on one machine without a GPU."""
