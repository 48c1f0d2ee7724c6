/* Stand-in for libnvidia-ml.so.1: events, by which a watcher learns that the GPU fell off the bus. */
#include "nvml.h"
#include "standin.h"

#include <stdlib.h>
#include <time.h>

#define POLL_MS 200U

struct nvmlEventSet_st {
    int reported; /* the loss is one event, however long it lasts */
};

NVML_API nvmlReturn_t nvmlEventSetCreate(nvmlEventSet_t *set)
{
    if (set == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    *set = calloc(1, sizeof **set);
    return *set == NULL ? NVML_ERROR_MEMORY : NVML_SUCCESS;
}

NVML_API nvmlReturn_t nvmlEventSetFree(nvmlEventSet_t set)
{
    free(set);
    return NVML_SUCCESS;
}

NVML_API nvmlReturn_t nvmlDeviceGetSupportedEventTypes(nvmlDevice_t device, unsigned long long *types)
{
    struct standin_settings settings;
    nvmlReturn_t result = nvml_check_device(device, &settings);
    if (result == NVML_SUCCESS)
        *types = NVML_EVENT_XID_CRITICAL_ERROR;
    return result;
}

NVML_API nvmlReturn_t nvmlDeviceRegisterEvents(nvmlDevice_t device, unsigned long long types, nvmlEventSet_t set)
{
    struct standin_settings settings;
    (void)types;
    return set == NULL ? NVML_ERROR_INVALID_ARGUMENT : nvml_check_device(device, &settings);
}

static int take_loss(nvmlEventSet_t set)
{
    struct standin_settings settings;
    standin_read_settings(&settings);
    int lost = settings.failure == FAILURE_FALLEN_OFF_BUS;
    int is_new = lost && !set->reported;
    set->reported = lost;
    return is_new;
}

NVML_API nvmlReturn_t nvmlEventSetWait_v2(nvmlEventSet_t set, nvmlEventData_t *data, unsigned int timeout_ms)
{
    if (set == NULL || data == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    for (;;) {
        if (take_loss(set)) {
            *data = (nvmlEventData_t){.device = &nvml_the_device,
                                      .eventType = NVML_EVENT_XID_CRITICAL_ERROR,
                                      .eventData = XID_FALLEN_OFF_BUS,
                                      .gpuInstanceId = 0xFFFFFFFFU,
                                      .computeInstanceId = 0xFFFFFFFFU};
            return NVML_SUCCESS;
        }
        if (timeout_ms == 0)
            return NVML_ERROR_TIMEOUT;
        unsigned int step_ms = timeout_ms < POLL_MS ? timeout_ms : POLL_MS;
        struct timespec step = {.tv_nsec = (long)step_ms * 1000000L};
        nanosleep(&step, NULL);
        timeout_ms -= step_ms;
    }
}

NVML_API nvmlReturn_t nvmlEventSetWait(nvmlEventSet_t set, nvmlEventData_t *data, unsigned int timeout_ms)
{
    return nvmlEventSetWait_v2(set, data, timeout_ms);
}
