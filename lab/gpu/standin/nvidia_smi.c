/* Stand-in for nvidia-smi: the two questions that scripts ask, answered through libnvidia-ml.so.1. */
#include "nvml.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB (1024ULL * 1024ULL)
#define QUERY "--query-gpu="
#define FORMAT "--format="

static void *library;

static void *symbol(const char *name)
{
    void *found = dlsym(library, name);
    if (found == NULL) {
        fprintf(stderr, "nvidia-smi: %s\n", dlerror());
        exit(13);
    }
    return found;
}

/* Calls a function of the library; its failure ends the program with NVML's number, as the real one does. */
#define CALL(name, signature, ...)                                                             \
    check((*(nvmlReturn_t(*) signature)symbol(name))(__VA_ARGS__))

static void check(nvmlReturn_t result)
{
    if (result == NVML_SUCCESS)
        return;
    const char *(*describe)(nvmlReturn_t) = (const char *(*)(nvmlReturn_t))symbol("nvmlErrorString");
    fprintf(stderr, "Failed to read the GPU through NVML: %s\n", describe(result));
    exit((int)result);
}

static void open_library(void)
{
    library = dlopen("libnvidia-ml.so.1", RTLD_NOW);
    if (library == NULL) {
        fprintf(stderr, "NVIDIA-SMI couldn't find libnvidia-ml.so library in your system.\n");
        exit(12);
    }
    CALL("nvmlInit_v2", (void));
}

static int print_field(nvmlDevice_t device, const char *field, const char *unit)
{
    char text[96] = "";
    if (strcmp(field, "name") == 0) {
        CALL("nvmlDeviceGetName", (nvmlDevice_t, char *, unsigned int), device, text, sizeof text);
    } else if (strcmp(field, "uuid") == 0) {
        CALL("nvmlDeviceGetUUID", (nvmlDevice_t, char *, unsigned int), device, text, sizeof text);
    } else if (strcmp(field, "driver_version") == 0) {
        CALL("nvmlSystemGetDriverVersion", (char *, unsigned int), text, sizeof text);
    } else if (strcmp(field, "index") == 0) {
        strcpy(text, "0");
    } else if (strcmp(field, "pci.bus_id") == 0) {
        nvmlPciInfo_t pci;
        CALL("nvmlDeviceGetPciInfo_v3", (nvmlDevice_t, nvmlPciInfo_t *), device, &pci);
        snprintf(text, sizeof text, "%s", pci.busId);
    } else if (strcmp(field, "compute_cap") == 0) {
        int major, minor;
        CALL("nvmlDeviceGetCudaComputeCapability", (nvmlDevice_t, int *, int *), device, &major, &minor);
        snprintf(text, sizeof text, "%d.%d", major, minor);
    } else if (strncmp(field, "memory.", 7) == 0) {
        nvmlMemory_t memory;
        CALL("nvmlDeviceGetMemoryInfo", (nvmlDevice_t, nvmlMemory_t *), device, &memory);
        unsigned long long bytes;
        if (strcmp(field, "memory.total") == 0)
            bytes = memory.total;
        else if (strcmp(field, "memory.used") == 0)
            bytes = memory.used;
        else if (strcmp(field, "memory.free") == 0)
            bytes = memory.free;
        else
            return 0;
        snprintf(text, sizeof text, "%llu%s", bytes / MIB, unit);
    } else if (strcmp(field, "utilization.gpu") == 0) {
        snprintf(text, sizeof text, "0%s", *unit == '\0' ? "" : " %");
    } else {
        return 0;
    }
    printf("%s", text);
    return 1;
}

static int query(nvmlDevice_t device, const char *fields, const char *format)
{
    char *list = strdup(fields);
    if (strstr(format, "noheader") == NULL)
        printf("%s\n", fields);
    const char *separator = "";
    for (char *field = strtok(list, ","); field != NULL; field = strtok(NULL, ",")) {
        printf("%s", separator);
        if (!print_field(device, field, strstr(format, "nounits") == NULL ? " MiB" : "")) {
            fflush(stdout);
            fprintf(stderr, "Field \"%s\" is not a valid field to query (of this stand-in).\n", field);
            return 2;
        }
        separator = ", ";
    }
    putchar('\n');
    free(list);
    return 0;
}

int main(int argc, char **argv)
{
    const char *fields = NULL, *format = "csv";
    int list = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-L") == 0 || strcmp(argv[i], "--list-gpus") == 0)
            list = 1;
        else if (strncmp(argv[i], QUERY, strlen(QUERY)) == 0)
            fields = argv[i] + strlen(QUERY);
        else if (strncmp(argv[i], FORMAT, strlen(FORMAT)) == 0)
            format = argv[i] + strlen(FORMAT);
    }
    if (!list && fields == NULL) {
        fprintf(stderr, "This stand-in for nvidia-smi knows -L and --query-gpu=FIELDS --format=csv.\n");
        return 2;
    }
    nvmlDevice_t device;
    open_library();
    CALL("nvmlDeviceGetHandleByIndex_v2", (unsigned int, nvmlDevice_t *), 0, &device);
    if (!list)
        return query(device, fields, format);
    char name[96], uuid[96];
    CALL("nvmlDeviceGetName", (nvmlDevice_t, char *, unsigned int), device, name, sizeof name);
    CALL("nvmlDeviceGetUUID", (nvmlDevice_t, char *, unsigned int), device, uuid, sizeof uuid);
    printf("GPU 0: %s (UUID: %s)\n", name, uuid);
    return 0;
}
