// Region motion: one thread per pixel row and region.

// Sum of the region's vectors in the row, (height, count, 2).
extern "C" __global__ void vector_sums(const float* flow, const short* labels, double* out, int height, int width,
                                       int count) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= height * count) return;
    int y = i / count, region = i % count;
    double u = 0.0, v = 0.0;
    for (int x = 0; x < width; ++x)
        if (labels[y * width + x] == region) {
            u += flow[2 * (y * width + x)];
            v += flow[2 * (y * width + x) + 1];
        }
    out[2 * i] = u;
    out[2 * i + 1] = v;
}

// Weights by the length along the region's mean, and weighted vectors, (height, count, 3).
extern "C" __global__ void projected_sums(const float* flow, const short* labels, const double* mean, double* out,
                                          int height, int width, int count) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= height * count) return;
    int y = i / count, region = i % count;
    double weight = 0.0, su = 0.0, sv = 0.0;
    for (int x = 0; x < width; ++x) {
        if (labels[y * width + x] != region) continue;
        float u = flow[2 * (y * width + x)], v = flow[2 * (y * width + x) + 1];
        double along = u * mean[2 * region] + v * mean[2 * region + 1];
        if (along <= 0.0) continue;
        weight += along;
        su += along * u;
        sv += along * v;
    }
    out[3 * i] = weight;
    out[3 * i + 1] = su;
    out[3 * i + 2] = sv;
}

// Vectors of the region in the row per direction: how many, sum of u, sum of v, (height, count, 8, 3).
extern "C" __global__ void octant_sums(const float* flow, const short* labels, double* out, int height, int width,
                                       int count) {
    const double pi = 3.14159265358979323846;
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= height * count) return;
    int y = i / count, region = i % count;
    double* mine = out + 24 * i;
    for (int x = 0; x < width; ++x) {
        if (labels[y * width + x] != region) continue;
        float u = flow[2 * (y * width + x)], v = flow[2 * (y * width + x) + 1];
        int octant = (int)floor((atan2f(v, u) + pi) / (2.0 * pi) * 8.0 + 0.5) % 8;
        mine[3 * octant] += 1.0;
        mine[3 * octant + 1] += u;
        mine[3 * octant + 2] += v;
    }
}
