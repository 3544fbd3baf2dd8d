// Optical strain, one thread per pixel.
extern "C" __global__ void strain(const float* flow, float* out, int height, int width) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= height * width) return;
    int y = i / width, x = i % width;
    int above = y > 0 ? y - 1 : 0, below = y < height - 1 ? y + 1 : y;
    int left = x > 0 ? x - 1 : 0, right = x < width - 1 ? x + 1 : x;
    float down = 1.0f / (below - above), across = 1.0f / (right - left);
    const float* row = flow + 2 * y * width;
    const float* upper = flow + 2 * above * width + 2 * x;
    const float* lower = flow + 2 * below * width + 2 * x;
    float along_x = (row[2 * right] - row[2 * left]) * across;
    float along_y = (lower[1] - upper[1]) * down;
    float shear = 0.5f * ((lower[0] - upper[0]) * down + (row[2 * right + 1] - row[2 * left + 1]) * across);
    out[i] = sqrtf(along_x * along_x + along_y * along_y + 2.0f * shear * shear);
}
