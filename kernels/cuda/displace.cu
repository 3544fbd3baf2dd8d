// Moving an image along a flow, one thread per pixel. `step` is 1 for an image, 2 for one component of a flow.
__device__ inline float sampled(const float* plane, float x, float y, int height, int width, int step) {
    x = fminf(fmaxf(x, 0.0f), width - 1.0f);
    y = fminf(fmaxf(y, 0.0f), height - 1.0f);
    int x0 = (int)x, y0 = (int)y;
    if (x0 > width - 2) x0 = width > 1 ? width - 2 : 0;
    if (y0 > height - 2) y0 = height > 1 ? height - 2 : 0;
    int x1 = x0 + 1 < width ? x0 + 1 : x0, y1 = y0 + 1 < height ? y0 + 1 : y0;
    float across = x - x0, down = y - y0;
    float above = plane[(y0 * width + x0) * step];
    above += across * (plane[(y0 * width + x1) * step] - above);
    float below = plane[(y1 * width + x0) * step];
    below += across * (plane[(y1 * width + x1) * step] - below);
    return above + down * (below - above);
}

extern "C" __global__ void displace(const float* image, const float* flow, float* out, int height, int width,
                                    float factor, int rounds) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= height * width) return;
    float x = i % width, y = i / width, from_x = x, from_y = y;
    for (int k = 0; k < rounds; ++k) {
        float u = sampled(flow, from_x, from_y, height, width, 2);
        float v = sampled(flow + 1, from_x, from_y, height, width, 2);
        from_x = x - factor * u;
        from_y = y - factor * v;
    }
    out[i] = sampled(image, from_x, from_y, height, width, 1);
}
