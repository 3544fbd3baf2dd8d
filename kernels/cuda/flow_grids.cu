// Dense flow, cells: one thread per cell; grids (pairs, planes, rows, columns) without margins.

__device__ inline float near(const float* plane, int y, int x, int rows, int columns) {
    y = y < 0 ? 0 : (y >= rows ? rows - 1 : y);
    x = x < 0 ? 0 : (x >= columns ? columns - 1 : x);
    return plane[y * columns + x];
}

// Four times a cell less its neighbours, of a grid without neighbours beyond its border.
__device__ inline float bent(const float* plane, int y, int x, int rows, int columns) {
    return 4.0f * plane[y * columns + x] - near(plane, y - 1, x, rows, columns) - near(plane, y + 1, x, rows, columns) -
           near(plane, y, x - 1, rows, columns) - near(plane, y, x + 1, rows, columns);
}

// Laplacian of every plane.
extern "C" __global__ void laplacian(const float* grid, float* out, int planes, int rows, int columns) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= planes * rows * columns) return;
    int cells = rows * columns;
    out[i] = bent(grid + i / cells * cells, i / columns % rows, i % columns, rows, columns);
}

// Inverse of (tensor + diagonal) of each cell.
extern "C" __global__ void invert(const float* tensor, float* out, int pairs, int cells, float diagonal) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= pairs * cells) return;
    const float* in = tensor + i / cells * 3 * cells + i % cells;
    float* mine = out + i / cells * 3 * cells + i % cells;
    float a = in[0] + diagonal, b = in[cells], c = in[2 * cells] + diagonal, scale = 1.0f / (a * c - b * b);
    mine[0] = c * scale;
    mine[cells] = -b * scale;
    mine[2 * cells] = a * scale;
}

// -(mismatch + bending L L motion + ridge motion), with L motion given; one thread per unknown.
extern "C" __global__ void pull(const float* motion, const float* mismatch, const float* laplacian, float* out,
                                int planes, int rows, int columns, float bending, float ridge) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= planes * rows * columns) return;
    int cells = rows * columns;
    float twice = bent(laplacian + i / cells * cells, i / columns % rows, i % columns, rows, columns);
    out[i] = -mismatch[i] - bending * twice - ridge * motion[i];
}

// One Chebyshev step of each cell on (tensor + bending L L + ridge) solution = right, with L solution given.
extern "C" __global__ void relax(const float* tensor, const float* inverse, const float* right,
                                 const float* laplacian, float* change, float* solution, int pairs, int rows,
                                 int columns, float bending, float ridge, float momentum, float share) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    int cells = rows * columns;
    if (i >= pairs * cells) return;
    int y = i / columns % rows, x = i % columns, pair = i / cells, cell = i % cells;
    const float* t = tensor + pair * 3 * cells + cell;
    const float* m = inverse + pair * 3 * cells + cell;
    int u = pair * 2 * cells + cell, v = u + cells;
    float p = right[u] - bending * bent(laplacian + pair * 2 * cells, y, x, rows, columns) -
              (t[0] + ridge) * solution[u] - t[cells] * solution[v];
    float q = right[v] - bending * bent(laplacian + pair * 2 * cells + cells, y, x, rows, columns) -
              (t[2 * cells] + ridge) * solution[v] - t[cells] * solution[u];
    // The first step has no momentum: what an earlier solution left, a bad image's NaN perhaps, must not live on.
    change[u] = (momentum > 0.0f ? momentum * change[u] : 0.0f) + share * (m[0] * p + m[cells] * q);
    change[v] = (momentum > 0.0f ? momentum * change[v] : 0.0f) + share * (m[cells] * p + m[2 * cells] * q);
    solution[u] += change[u];
    solution[v] += change[v];
}

// Sums of 2x2 cells; rows and columns are those of `coarse`.
extern "C" __global__ void restrict_sum(const float* fine, float* coarse, int planes, int rows, int columns) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= planes * rows * columns) return;
    const float* upper = fine + 2 * (i / columns) * 2 * columns + 2 * (i % columns);
    coarse[i] = upper[0] + upper[1] + upper[2 * columns] + upper[2 * columns + 1];
}

// Bilinear between the centres of coarse cells, times `scale`; rows and columns are those of `fine`.
extern "C" __global__ void prolong(const float* coarse, float* fine, int planes, int rows, int columns, float scale) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= planes * rows * columns) return;
    int y = i / columns % rows, x = i % columns, height = rows / 2, width = columns / 2;
    const float* mine = coarse + i / (rows * columns) * height * width;
    int other_y = y / 2 + (y % 2 ? 1 : -1), other_x = x / 2 + (x % 2 ? 1 : -1);
    float same = 0.75f * near(mine, y / 2, x / 2, height, width) + 0.25f * near(mine, y / 2, other_x, height, width);
    float other = 0.75f * near(mine, other_y, x / 2, height, width) + 0.25f * near(mine, other_y, other_x, height, width);
    fine[i] = scale * (0.75f * same + 0.25f * other);
}
