/* Stand-in for a GPU: its memory follows live processes. */
#include "standin.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DECLARATION "STANDIN_GPU_MEMORY_MIB="
#define MIB (1024ULL * 1024ULL)

/* A process that ended but was not waited for has an empty environment, so it holds nothing. */
static unsigned long long declared_bytes(const char *pid)
{
    char path[300];
    snprintf(path, sizeof path, "/proc/%s/environ", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    unsigned long long bytes = 0;
    char *entry = NULL;
    size_t capacity = 0;
    while (getdelim(&entry, &capacity, '\0', file) > 0) {
        if (strncmp(entry, DECLARATION, strlen(DECLARATION)) == 0) {
            bytes = strtoull(entry + strlen(DECLARATION), NULL, 10) * MIB;
            break;
        }
    }
    free(entry);
    fclose(file);
    return bytes;
}

static unsigned long long namespace_inode(const char *pid)
{
    char path[300];
    struct stat status;
    snprintf(path, sizeof path, "/proc/%s/ns/pid", pid);
    return stat(path, &status) == 0 ? status.st_ino : 0;
}

/* Children inherit the declaration: the same amount in the same PID namespace is the same holder. */
static int is_known(const struct standin_process *processes, size_t count, const struct standin_process *other)
{
    for (size_t i = 0; i < count; i++)
        if (processes[i].namespace_inode == other->namespace_inode &&
            processes[i].memory_bytes == other->memory_bytes)
            return 1;
    return 0;
}

size_t standin_find_processes(struct standin_process *processes, size_t capacity)
{
    DIR *folder = opendir("/proc");
    if (folder == NULL)
        return 0;
    size_t count = 0;
    struct dirent *entry;
    while (count < capacity && (entry = readdir(folder)) != NULL) {
        const char *pid = entry->d_name;
        if (!isdigit((unsigned char)pid[0]))
            continue;
        struct standin_process found = {.memory_bytes = declared_bytes(pid)};
        if (found.memory_bytes == 0)
            continue;
        found.pid = (unsigned int)strtoul(pid, NULL, 10);
        found.namespace_inode = namespace_inode(pid);
        if (!is_known(processes, count, &found))
            processes[count++] = found;
    }
    closedir(folder);
    return count;
}
