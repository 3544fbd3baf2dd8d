// Eulerian magnification: a band in time, one thread per pixel, and pyramid levels, one thread per pixel of `out`.

extern "C" __global__ void band_pass(const float* frames, float* out, int count, int pixels, float quick_b,
                                     float quick_a, float slow_b, float slow_a) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= pixels) return;
    float quick = frames[i], slow = frames[i];
    out[i] = 0.0f;
    for (int t = 1; t < count; ++t) {
        float both = frames[t * pixels + i] + frames[(t - 1) * pixels + i];
        quick = quick_b * both + quick_a * quick;
        slow = slow_b * both + slow_a * slow;
        out[t * pixels + i] = quick - slow;
    }
}

__device__ inline float kept(const float* frame, int y, int x, int height, int width) {
    y = y < 0 ? 0 : (y >= height ? height - 1 : y);
    x = x < 0 ? 0 : (x >= width ? width - 1 : x);
    return frame[y * width + x];
}

// Half the size after a 5-tap binomial blur.
extern "C" __global__ void shrink(const float* frames, float* out, int count, int height, int width, int rows,
                                  int columns) {
    const float weights[5] = {0.0625f, 0.25f, 0.375f, 0.25f, 0.0625f};
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count * rows * columns) return;
    int x = 2 * (i % columns), y = 2 * (i / columns % rows);
    const float* frame = frames + i / (rows * columns) * height * width;
    float sum = 0.0f;
    for (int j = 0; j < 5; ++j)
        for (int k = 0; k < 5; ++k) sum += weights[j] * weights[k] * kept(frame, y + j - 2, x + k - 2, height, width);
    out[i] = sum;
}

// Twice the size: (1, 6, 1) / 8 on even places, (1, 1) / 2 on odd ones.
extern "C" __global__ void grow(const float* frames, float* out, int count, int height, int width, int rows,
                                int columns) {
    const float weights[2][3] = {{0.125f, 0.75f, 0.125f}, {0.0f, 0.5f, 0.5f}};
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count * rows * columns) return;
    int x = i % columns, y = i / columns % rows;
    const float* frame = frames + i / (rows * columns) * height * width;
    float sum = 0.0f;
    for (int j = 0; j < 3; ++j)
        for (int k = 0; k < 3; ++k)
            sum += weights[y % 2][j] * weights[x % 2][k] * kept(frame, y / 2 + j - 1, x / 2 + k - 1, height, width);
    out[i] = sum;
}
