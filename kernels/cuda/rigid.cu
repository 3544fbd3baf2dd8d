// Rigid motion of the head: sums of the normal equations, and subtraction.

// Each thread sums a run of samples (x, y, z, u, v) into its own 42 places: the 6x6 normal matrix beside the right side.
extern "C" __global__ void normal_sums(const double* samples, const double* weights, double* out, int count, int run,
                                       int rigid) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    int first = i * run, last = first + run < count ? first + run : count;
    if (first >= count) return;
    double total[42];
    for (int k = 0; k < 42; ++k) total[k] = 0.0;
    for (int s = first; s < last; ++s) {
        double x = samples[s], y = samples[count + s], z = samples[2 * count + s];
        double u[7] = {1.0, 0.0, x, rigid ? -y : y, rigid ? z : 0.0, 0.0, samples[3 * count + s]};
        double v[7] = {0.0, 1.0, rigid ? y : 0.0, rigid ? x : 0.0, rigid ? 0.0 : x, rigid ? -z : y,
                       samples[4 * count + s]};
        for (int a = 0; a < 6; ++a)
            for (int b = 0; b < 7; ++b) total[7 * a + b] += weights[s] * (u[a] * u[b] + v[a] * v[b]);
    }
    for (int k = 0; k < 42; ++k) out[42 * i + k] = total[k];
}

// Takes the motion whose u and v are sums of 1, x, y, z (field, 2x4) out of a flow; one thread per pixel.
extern "C" __global__ void subtract(const float* flow, const float* depth, const float* field, float* out, int height,
                                    int width) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= height * width) return;
    float x = i % width - 0.5f * (width - 1), y = i / width - 0.5f * (height - 1), z = depth[i];
    out[2 * i] = flow[2 * i] - (field[0] + field[1] * x + field[2] * y + field[3] * z);
    out[2 * i + 1] = flow[2 * i + 1] - (field[4] + field[5] * x + field[6] * y + field[7] * z);
}
