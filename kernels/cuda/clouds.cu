// Regional clouds: one thread per point, from pixels sorted by region and falling motion.
extern "C" __global__ void gather(const float* flow, const float* strain, const float* depth, const int* order,
                                  const int* starts, const float* centre, float* cloud, int count, int points,
                                  int width, float face_width) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count * points) return;
    int region = i / points, size = starts[region + 1] - starts[region];
    if (size == 0) return;
    int pixel = order[starts[region] + i % points % size];
    float* out = cloud + 6 * i;
    out[0] = (pixel % width - centre[0]) / face_width;
    out[1] = (pixel / width - centre[1]) / face_width;
    out[2] = (depth[pixel] - centre[2]) / face_width;
    out[3] = flow[2 * pixel];
    out[4] = flow[2 * pixel + 1];
    out[5] = strain[pixel];
}

// Farthest-point sampling: each point's squared distance to the chosen points, after one more was chosen.
extern "C" __global__ void nearest(const float* points, float* distance, int count, int axes, int chosen) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count) return;
    float sum = 0.0f;
    for (int a = 0; a < axes; ++a) {
        float d = points[i * axes + a] - points[chosen * axes + a];
        sum += d * d;
    }
    if (sum < distance[i]) distance[i] = sum;
}
