/* Stand-in for libnvidia-ml.so.1: the library, the driver, and finding the one GPU. */
#include "nvml.h"
#include "standin.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

struct nvmlDevice_st {
    int index;
};

struct nvmlDevice_st nvml_the_device = {.index = 0};
static atomic_int initialised;

static nvmlReturn_t check_driver(struct standin_settings *settings)
{
    standin_read_settings(settings);
    return atomic_load(&initialised) > 0 ? NVML_SUCCESS : NVML_ERROR_UNINITIALIZED;
}

nvmlReturn_t nvml_check_device(nvmlDevice_t device, struct standin_settings *settings)
{
    nvmlReturn_t result = check_driver(settings);
    if (result != NVML_SUCCESS)
        return result;
    if (device != &nvml_the_device)
        return NVML_ERROR_INVALID_ARGUMENT;
    return settings->failure == FAILURE_FALLEN_OFF_BUS ? NVML_ERROR_GPU_IS_LOST : NVML_SUCCESS;
}

static nvmlReturn_t copy_text(char *target, unsigned int size, const char *text)
{
    if (target == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (strlen(text) >= size)
        return NVML_ERROR_INSUFFICIENT_SIZE;
    strcpy(target, text);
    return NVML_SUCCESS;
}

NVML_API nvmlReturn_t nvmlInitWithFlags(unsigned int flags)
{
    (void)flags;
    struct standin_settings settings;
    standin_read_settings(&settings);
    if (settings.failure == FAILURE_DRIVER_NOT_LOADED)
        return NVML_ERROR_DRIVER_NOT_LOADED;
    if (settings.failure == FAILURE_VERSION_MISMATCH)
        return NVML_ERROR_LIB_RM_VERSION_MISMATCH;
    atomic_fetch_add(&initialised, 1);
    return NVML_SUCCESS;
}

NVML_API nvmlReturn_t nvmlInit_v2(void)
{
    return nvmlInitWithFlags(0);
}

NVML_API nvmlReturn_t nvmlShutdown(void)
{
    if (atomic_fetch_sub(&initialised, 1) > 0)
        return NVML_SUCCESS;
    atomic_fetch_add(&initialised, 1);
    return NVML_ERROR_UNINITIALIZED;
}

NVML_API const char *nvmlErrorString(nvmlReturn_t result)
{
    switch (result) {
    case NVML_SUCCESS: return "Success";
    case NVML_ERROR_UNINITIALIZED: return "Uninitialized";
    case NVML_ERROR_INVALID_ARGUMENT: return "Invalid Argument";
    case NVML_ERROR_NOT_SUPPORTED: return "Not Supported";
    case NVML_ERROR_NOT_FOUND: return "Not Found";
    case NVML_ERROR_INSUFFICIENT_SIZE: return "Insufficient Size";
    case NVML_ERROR_DRIVER_NOT_LOADED: return "Driver Not Loaded";
    case NVML_ERROR_TIMEOUT: return "Timeout";
    case NVML_ERROR_GPU_IS_LOST: return "GPU is lost";
    case NVML_ERROR_LIB_RM_VERSION_MISMATCH: return "Driver/library version mismatch";
    case NVML_ERROR_MEMORY: return "Insufficient Memory";
    case NVML_ERROR_ARGUMENT_VERSION_MISMATCH: return "Argument version mismatch";
    }
    return "Unknown Error";
}

NVML_API nvmlReturn_t nvmlSystemGetDriverVersion(char *version, unsigned int length)
{
    struct standin_settings settings;
    nvmlReturn_t result = check_driver(&settings);
    return result != NVML_SUCCESS ? result : copy_text(version, length, settings.driver_version);
}

NVML_API nvmlReturn_t nvmlSystemGetNVMLVersion(char *version, unsigned int length)
{
    return copy_text(version, length, "12." STANDIN_DRIVER_VERSION);
}

NVML_API nvmlReturn_t nvmlSystemGetCudaDriverVersion(int *version)
{
    struct standin_settings settings;
    if (version == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    standin_read_settings(&settings);
    *version = settings.cuda_version;
    return NVML_SUCCESS;
}

NVML_API nvmlReturn_t nvmlSystemGetCudaDriverVersion_v2(int *version)
{
    return nvmlSystemGetCudaDriverVersion(version);
}

NVML_API nvmlReturn_t nvmlDeviceGetCount_v2(unsigned int *count)
{
    struct standin_settings settings;
    nvmlReturn_t result = check_driver(&settings);
    if (result == NVML_SUCCESS)
        *count = 1;
    return result;
}

NVML_API nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice_t *device)
{
    struct standin_settings settings;
    if (index != 0)
        return NVML_ERROR_INVALID_ARGUMENT;
    nvmlReturn_t result = nvml_check_device(&nvml_the_device, &settings);
    if (result == NVML_SUCCESS)
        *device = &nvml_the_device;
    return result;
}

NVML_API nvmlReturn_t nvmlDeviceGetHandleByUUID(const char *uuid, nvmlDevice_t *device)
{
    struct standin_settings settings;
    nvmlReturn_t result = nvml_check_device(&nvml_the_device, &settings);
    if (result != NVML_SUCCESS)
        return result;
    if (uuid == NULL || strcmp(uuid, settings.uuid) != 0)
        return NVML_ERROR_NOT_FOUND;
    *device = &nvml_the_device;
    return NVML_SUCCESS;
}

NVML_API nvmlReturn_t nvmlDeviceGetHandleByPciBusId_v2(const char *bus_id, nvmlDevice_t *device)
{
    struct standin_settings settings;
    unsigned int domain = 0, bus = 0, slot = 0;
    nvmlReturn_t result = nvml_check_device(&nvml_the_device, &settings);
    if (result != NVML_SUCCESS)
        return result;
    if (bus_id == NULL || sscanf(bus_id, "%x:%x:%x", &domain, &bus, &slot) != 3)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (domain != settings.pci_domain || bus != settings.pci_bus || slot != settings.pci_device)
        return NVML_ERROR_NOT_FOUND;
    *device = &nvml_the_device;
    return NVML_SUCCESS;
}
