/* Stand-in for libcuda.so.1: it is found and loaded like the real one and says that it cannot compute. */

#define CUDA_API __attribute__((visibility("default")))
#define CUDA_ERROR_INVALID_VALUE 1
#define CUDA_ERROR_NO_DEVICE 100

CUDA_API int cuInit(unsigned int flags)
{
    (void)flags;
    return CUDA_ERROR_NO_DEVICE;
}

CUDA_API int cuDriverGetVersion(int *version)
{
    if (version == 0)
        return CUDA_ERROR_INVALID_VALUE;
    *version = 12080;
    return 0;
}

CUDA_API int cuDeviceGetCount(int *count)
{
    if (count == 0)
        return CUDA_ERROR_INVALID_VALUE;
    *count = 0;
    return CUDA_ERROR_NO_DEVICE;
}
