/* Stand-in for a GPU: what its parts share. It answers questions about a GPU; it cannot compute. */
#ifndef STANDIN_H
#define STANDIN_H

#include <stddef.h>

#define STANDIN_PROCESSES_MAX 64

enum standin_failure {
    FAILURE_NONE,
    FAILURE_FALLEN_OFF_BUS,    /* the GPU is counted but no longer answers (Xid 79) */
    FAILURE_DRIVER_NOT_LOADED, /* no kernel module */
    FAILURE_VERSION_MISMATCH,  /* library and kernel module are of different releases */
};

struct standin_settings {
    char name[96];
    char driver_version[80];
    char uuid[80];
    unsigned long long memory_bytes;
    int cuda_version; /* 12080 is CUDA 12.8 */
    int capability_major;
    int capability_minor;
    unsigned int pci_domain;
    unsigned int pci_bus;
    unsigned int pci_device;
    enum standin_failure failure;
};

/* A process that says in its environment how much GPU memory it would hold. */
struct standin_process {
    unsigned int pid;
    unsigned long long namespace_inode;
    unsigned long long memory_bytes;
};

/* Read at each call, so that a drill can change what the GPU is while programs run. */
void standin_read_settings(struct standin_settings *settings);

/* Live processes that hold GPU memory; forked workers of one container count once. */
size_t standin_find_processes(struct standin_process *processes, size_t capacity);

#endif
