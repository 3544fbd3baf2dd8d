// Runs plain per-item CUDA kernels on the CPU, one thread after the other. Barriers would need threads that wait for
// each other, which this cannot do: it refuses to compile them.
#pragma once
#include <cmath>

#define __global__
#define __device__
#define __shared__ shared_memory_does_not_work_one_thread_at_a_time
#define __syncthreads() static_assert(false, "a kernel with a barrier cannot run one thread at a time")

struct Index {
    int x;
};
static Index blockIdx, blockDim, threadIdx;
