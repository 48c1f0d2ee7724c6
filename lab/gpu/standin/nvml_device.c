/* Stand-in for libnvidia-ml.so.1: what the GPU is and what uses it. */
#include "nvml.h"
#include "standin.h"

#include <stdio.h>
#include <string.h>

#define NO_INSTANCE 0xFFFFFFFFU

/* Each answer needs the GPU to be there; the body sees its settings. */
#define ANSWER(device, pointer, statement)                                  \
    do {                                                                    \
        struct standin_settings settings;                                   \
        nvmlReturn_t result = nvml_check_device((device), &settings);       \
        if (result != NVML_SUCCESS)                                         \
            return result;                                                  \
        if ((pointer) == NULL)                                              \
            return NVML_ERROR_INVALID_ARGUMENT;                             \
        statement;                                                          \
        return NVML_SUCCESS;                                                \
    } while (0)

static nvmlReturn_t copy_field(nvmlDevice_t device, char *target, unsigned int size, size_t offset)
{
    struct standin_settings settings;
    nvmlReturn_t result = nvml_check_device(device, &settings);
    if (result != NVML_SUCCESS)
        return result;
    const char *text = (const char *)&settings + offset;
    if (target == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (strlen(text) >= size)
        return NVML_ERROR_INSUFFICIENT_SIZE;
    strcpy(target, text);
    return NVML_SUCCESS;
}

NVML_API nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t device, char *name, unsigned int length)
{
    return copy_field(device, name, length, offsetof(struct standin_settings, name));
}

NVML_API nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char *uuid, unsigned int length)
{
    return copy_field(device, uuid, length, offsetof(struct standin_settings, uuid));
}

NVML_API nvmlReturn_t nvmlDeviceGetIndex(nvmlDevice_t device, unsigned int *index)
{
    ANSWER(device, index, *index = 0);
}

NVML_API nvmlReturn_t nvmlDeviceGetMinorNumber(nvmlDevice_t device, unsigned int *minor)
{
    ANSWER(device, minor, *minor = 0);
}

NVML_API nvmlReturn_t nvmlDeviceGetBrand(nvmlDevice_t device, unsigned int *brand)
{
    ANSWER(device, brand, *brand = NVML_BRAND_GEFORCE);
}

NVML_API nvmlReturn_t nvmlDeviceGetCudaComputeCapability(nvmlDevice_t device, int *major, int *minor)
{
    ANSWER(device, minor, (*major = settings.capability_major, *minor = settings.capability_minor));
}

static unsigned int architecture(int major, int minor)
{
    switch (major) {
    case 7: return minor >= 5 ? 6 : 5; /* Turing, Volta */
    case 8: return minor >= 9 ? 8 : 7; /* Ada, Ampere */
    case 9: return 9;                  /* Hopper */
    case 10:
    case 12: return 10; /* Blackwell */
    default: return 0xFFFFFFFFU;
    }
}

NVML_API nvmlReturn_t nvmlDeviceGetArchitecture(nvmlDevice_t device, unsigned int *number)
{
    ANSWER(device, number, *number = architecture(settings.capability_major, settings.capability_minor));
}

NVML_API nvmlReturn_t nvmlDeviceGetPciInfo_v3(nvmlDevice_t device, nvmlPciInfo_t *pci)
{
    struct standin_settings settings;
    nvmlReturn_t result = nvml_check_device(device, &settings);
    if (result != NVML_SUCCESS)
        return result;
    if (pci == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    /* 0x2504 is the GA106 of an RTX 3060, 0x10de NVIDIA. */
    *pci = (nvmlPciInfo_t){.domain = settings.pci_domain,
                           .bus = settings.pci_bus,
                           .device = settings.pci_device,
                           .pciDeviceId = 0x250410de,
                           .pciSubSystemId = 0x250410de};
    snprintf(pci->busIdLegacy, sizeof pci->busIdLegacy, "%04X:%02X:%02X.0", pci->domain & 0xFFFFU,
             pci->bus & 0xFFU, pci->device & 0xFFU);
    snprintf(pci->busId, sizeof pci->busId, "%08X:%02X:%02X.0", pci->domain, pci->bus & 0xFFU,
             pci->device & 0xFFU);
    return NVML_SUCCESS;
}

NVML_API nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned int *current, unsigned int *pending)
{
    (void)device, (void)current, (void)pending;
    return NVML_ERROR_NOT_SUPPORTED;
}

NVML_API nvmlReturn_t nvmlDeviceIsMigDeviceHandle(nvmlDevice_t device, unsigned int *is_mig)
{
    ANSWER(device, is_mig, *is_mig = 0);
}

NVML_API nvmlReturn_t nvmlDeviceGetMaxMigDeviceCount(nvmlDevice_t device, unsigned int *count)
{
    ANSWER(device, count, *count = 0);
}

NVML_API nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t device, nvmlUtilization_t *utilisation)
{
    ANSWER(device, utilisation, *utilisation = (nvmlUtilization_t){0});
}

static nvmlMemory_t measure_memory(const struct standin_settings *settings)
{
    struct standin_process processes[STANDIN_PROCESSES_MAX];
    size_t count = standin_find_processes(processes, STANDIN_PROCESSES_MAX);
    unsigned long long used = 0;
    for (size_t i = 0; i < count; i++)
        used += processes[i].memory_bytes;
    if (used > settings->memory_bytes)
        used = settings->memory_bytes;
    return (nvmlMemory_t){.total = settings->memory_bytes, .free = settings->memory_bytes - used, .used = used};
}

NVML_API nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory)
{
    ANSWER(device, memory, *memory = measure_memory(&settings));
}

NVML_API nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t *memory)
{
    nvmlMemory_t now;
    nvmlReturn_t result = nvmlDeviceGetMemoryInfo(device, &now);
    if (result != NVML_SUCCESS)
        return result;
    if (memory == NULL || memory->version != NVML_STRUCT_VERSION(nvmlMemory_v2_t, 2))
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    memory->total = now.total;
    memory->reserved = 0;
    memory->free = now.free;
    memory->used = now.used;
    return NVML_SUCCESS;
}

NVML_API nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice_t device, unsigned int *count,
                                                              nvmlProcessInfo_t *infos)
{
    struct standin_settings settings;
    nvmlReturn_t result = nvml_check_device(device, &settings);
    if (result != NVML_SUCCESS)
        return result;
    if (count == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct standin_process processes[STANDIN_PROCESSES_MAX];
    unsigned int capacity = *count;
    *count = (unsigned int)standin_find_processes(processes, STANDIN_PROCESSES_MAX);
    if (*count == 0)
        return NVML_SUCCESS;
    if (infos == NULL || *count > capacity)
        return NVML_ERROR_INSUFFICIENT_SIZE;
    for (unsigned int i = 0; i < *count; i++)
        infos[i] = (nvmlProcessInfo_t){.pid = processes[i].pid,
                                       .usedGpuMemory = processes[i].memory_bytes,
                                       .gpuInstanceId = NO_INSTANCE,
                                       .computeInstanceId = NO_INSTANCE};
    return NVML_SUCCESS;
}

NVML_API nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v2(nvmlDevice_t device, unsigned int *count,
                                                              nvmlProcessInfo_t *infos)
{
    return nvmlDeviceGetComputeRunningProcesses_v3(device, count, infos);
}

/* Everything that holds memory here computes; nothing draws. */
NVML_API nvmlReturn_t nvmlDeviceGetGraphicsRunningProcesses_v3(nvmlDevice_t device, unsigned int *count,
                                                               nvmlProcessInfo_t *infos)
{
    (void)infos;
    ANSWER(device, count, *count = 0);
}
