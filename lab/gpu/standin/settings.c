/* Stand-in for a GPU: its settings, simple "key=value" lines. */
#include "standin.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_PATH "/etc/nvidia-standin.conf"
/* The container runtime mounts a GPU's firmware into containers, and so this file travels with it. */
#define FIRMWARE_PATTERN "/lib/firmware/nvidia/*/gsp_standin.bin"
#define MIB (1024ULL * 1024ULL)

static FILE *open_settings(void)
{
    const char *override = getenv("NVIDIA_STANDIN_CONF");
    if (override != NULL)
        return fopen(override, "re");
    FILE *file = fopen(DEFAULT_PATH, "re");
    glob_t found;
    if (file == NULL && glob(FIRMWARE_PATTERN, 0, NULL, &found) == 0) {
        file = fopen(found.gl_pathv[0], "re");
        globfree(&found);
    }
    return file;
}

static void set_text(char *target, size_t size, const char *value)
{
    snprintf(target, size, "%s", value);
}

static enum standin_failure parse_failure(const char *value)
{
    if (strcmp(value, "fallen_off_bus") == 0)
        return FAILURE_FALLEN_OFF_BUS;
    if (strcmp(value, "driver_not_loaded") == 0)
        return FAILURE_DRIVER_NOT_LOADED;
    if (strcmp(value, "version_mismatch") == 0)
        return FAILURE_VERSION_MISMATCH;
    return FAILURE_NONE;
}

static void set(struct standin_settings *settings, const char *key, const char *value)
{
    if (strcmp(key, "name") == 0)
        set_text(settings->name, sizeof settings->name, value);
    else if (strcmp(key, "driver_version") == 0)
        set_text(settings->driver_version, sizeof settings->driver_version, value);
    else if (strcmp(key, "uuid") == 0)
        set_text(settings->uuid, sizeof settings->uuid, value);
    else if (strcmp(key, "memory_mib") == 0)
        settings->memory_bytes = strtoull(value, NULL, 10) * MIB;
    else if (strcmp(key, "cuda_version") == 0)
        settings->cuda_version = atoi(value);
    else if (strcmp(key, "compute_capability") == 0)
        sscanf(value, "%d.%d", &settings->capability_major, &settings->capability_minor);
    else if (strcmp(key, "pci_bus_id") == 0)
        sscanf(value, "%x:%x:%x", &settings->pci_domain, &settings->pci_bus, &settings->pci_device);
    else if (strcmp(key, "failure") == 0)
        settings->failure = parse_failure(value);
}

static char *trim(char *text)
{
    static const char blanks[] = " \t\r\n";
    text += strspn(text, blanks);
    size_t length = strlen(text);
    while (length > 0 && strchr(blanks, text[length - 1]) != NULL)
        text[--length] = '\0';
    return text;
}

void standin_read_settings(struct standin_settings *settings)
{
    /* What a container without the file sees: the GPU as it is when nothing is wrong. */
    *settings = (struct standin_settings){
        .name = "NVIDIA GeForce RTX 3060",
        .driver_version = STANDIN_DRIVER_VERSION,
        .uuid = "GPU-5ca1ab1e-0000-4000-8000-000000003060",
        .memory_bytes = 12288 * MIB,
        .cuda_version = 12080,
        .capability_major = 8,
        .capability_minor = 6,
        .pci_bus = 1,
    };
    FILE *file = open_settings();
    if (file == NULL)
        return;
    char line[256];
    while (fgets(line, sizeof line, file) != NULL) {
        char *key = trim(line);
        char *value = strchr(key, '=');
        if (*key == '#' || value == NULL)
            continue;
        *value++ = '\0';
        set(settings, trim(key), trim(value));
    }
    fclose(file);
}
