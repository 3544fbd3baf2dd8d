// Dense flow, pixels: one thread per pixel or per 4x4 cell; images (pairs, height, width) without margins.

__device__ inline int clamped(int i, int size) { return i < 0 ? 0 : (i >= size ? size - 1 : i); }

__device__ inline float at(const float* image, int y, int x, int height, int width) {
    return image[clamped(y, height) * width + clamped(x, width)];
}

// 3x3 blur; `side` is the weight of each neighbour.
extern "C" __global__ void smooth(const float* image, float* out, int pairs, int height, int width, float side) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= pairs * height * width) return;
    int x = i % width, y = i / width % height;
    const float* mine = image + (i / (height * width)) * height * width;
    float middle = 1.0f - 2.0f * side, rows[3];
    for (int k = -1; k <= 1; ++k)
        rows[k + 1] = middle * at(mine, y, x + k, height, width) +
                      side * (at(mine, y - 1, x + k, height, width) + at(mine, y + 1, x + k, height, width));
    out[i] = middle * rows[1] + side * (rows[0] + rows[2]);
}

// Means of 2x2 pixels; height and width are those of `out`.
extern "C" __global__ void halve(const float* image, float* out, int pairs, int height, int width) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= pairs * height * width) return;
    int x = i % width, y = i / width;  // rows of all pairs follow each other at both sizes
    const float* upper = image + 2 * y * 2 * width + 2 * x;
    const float* lower = upper + 2 * width;
    out[i] = 0.25f * (upper[0] + upper[1] + lower[0] + lower[1]);
}

// Derivatives by (1, -8, 0, 8, -1) / 12.
extern "C" __global__ void gradients(const float* image, float* along_x, float* along_y, int pairs, int height,
                                     int width) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= pairs * height * width) return;
    int x = i % width, y = i / width % height;
    const float* mine = image + (i / (height * width)) * height * width;
    along_x[i] = (8.0f * (at(mine, y, x + 1, height, width) - at(mine, y, x - 1, height, width)) -
                  (at(mine, y, x + 2, height, width) - at(mine, y, x - 2, height, width))) / 12.0f;
    along_y[i] = (8.0f * (at(mine, y + 1, x, height, width) - at(mine, y - 1, x, height, width)) -
                  (at(mine, y + 2, x, height, width) - at(mine, y - 2, x, height, width))) / 12.0f;
}

// Per cell the sums of gx^2, gx gy, gy^2 into (pairs, 3, rows, columns).
extern "C" __global__ void tensor(const float* along_x, const float* along_y, float* out, int pairs, int rows,
                                  int columns) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    int cells = rows * columns;
    if (i >= pairs * cells) return;
    int column = i % columns, row = i / columns % rows, pair = i / cells;
    float xx = 0.0f, xy = 0.0f, yy = 0.0f;
    for (int k = 0; k < 16; ++k) {
        int pixel = ((pair * rows + row) * 4 + k / 4) * 4 * columns + 4 * column + k % 4;
        float gx = along_x[pixel], gy = along_y[pixel];
        xx += gx * gx;
        xy += gx * gy;
        yy += gy * gy;
    }
    float* mine = out + pair * 3 * cells + row * columns + column;
    mine[0] = xx;
    mine[cells] = xy;
    mine[2 * cells] = yy;
}

// One component of the motion at a pixel, bilinear between the centres of cells.
__device__ inline float motion_at(const float* plane, int y, int x, int rows, int columns) {
    const float share[4] = {0.625f, 0.875f, 0.125f, 0.375f};
    int row = y / 4 - (y % 4 < 2), column = x / 4 - (x % 4 < 2);
    float down = share[y % 4], across = share[x % 4];
    float left = at(plane, row, column, rows, columns);
    left += down * (at(plane, row + 1, column, rows, columns) - left);
    float right = at(plane, row, column + 1, rows, columns);
    right += down * (at(plane, row + 1, column + 1, rows, columns) - right);
    return left + across * (right - left);
}

__device__ inline float bilinear(const float* image, float y, float x, int height, int width) {
    int row = (int)floorf(y), column = (int)floorf(x);
    float down = y - row, across = x - column;
    float upper = at(image, row, column, height, width);
    upper += across * (at(image, row, column + 1, height, width) - upper);
    float lower = at(image, row + 1, column, height, width);
    lower += across * (at(image, row + 1, column + 1, height, width) - lower);
    return upper + down * (lower - upper);
}

// Keys' kernel with slope -0.65.
__device__ inline void cubic_weights(float t, float* weights) {
    const float slope = -0.65f;
    float s = 1.0f - t;
    weights[0] = slope * t * s * s;
    weights[1] = 1.0f - (slope + 3.0f) * t * t + (slope + 2.0f) * t * t * t;
    weights[3] = slope * t * t * s;
    weights[2] = 1.0f - weights[0] - weights[1] - weights[3];
}

__device__ inline float bicubic(const float* image, float y, float x, int height, int width) {
    int row = (int)floorf(y), column = (int)floorf(x);
    float down[4], across[4], value = 0.0f;
    cubic_weights(y - row, down);
    cubic_weights(x - column, across);
    for (int j = 0; j < 4; ++j)
        for (int i = 0; i < 4; ++i)
            value += down[j] * across[i] * at(image, row + j - 1, column + i - 1, height, width);
    return value;
}

// Per cell the sums of gradient times mismatch into (pairs, 2, rows, columns), and what the light needs into
// (pairs, 5, rows, columns): pixels inside, error, grey, error * grey, grey^2, with grey about the middle pixel's.
extern "C" __global__ void mismatch(const float* before, const float* after, const float* along_x,
                                    const float* along_y, const float* motion, const float* light, float* out,
                                    float* sums, int pairs, int rows, int columns, int cubic) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    int cells = rows * columns, height = 4 * rows, width = 4 * columns;
    if (i >= pairs * cells) return;
    int column = i % columns, row = i / columns % rows, pair = i / cells;
    before += pair * height * width;
    after += pair * height * width;
    const float* u = motion + pair * 2 * cells;
    float gain = light[2 * pair], offset = light[2 * pair + 1];
    float level = before[height / 2 * width + width / 2];
    float p = 0.0f, q = 0.0f, total[5] = {0.0f, 0.0f, 0.0f, 0.0f, 0.0f};
    for (int k = 0; k < 16; ++k) {
        int y = 4 * row + k / 4, x = 4 * column + k % 4, pixel = y * width + x;
        float px = x + motion_at(u, y, x, rows, columns);
        float py = y + motion_at(u + cells, y, x, rows, columns);
        if (px < 0.0f || px > width - 1 || py < 0.0f || py > height - 1) continue;
        float warped = cubic ? bicubic(after, py, px, height, width) : bilinear(after, py, px, height, width);
        float error = warped - gain * before[pixel] - offset, grey = before[pixel] - level;
        p += along_x[pair * height * width + pixel] * error;
        q += along_y[pair * height * width + pixel] * error;
        total[0] += 1.0f;
        total[1] += error;
        total[2] += grey;
        total[3] += error * grey;
        total[4] += grey * grey;
    }
    int cell = row * columns + column;
    out[pair * 2 * cells + cell] = p;
    out[pair * 2 * cells + cells + cell] = q;
    for (int k = 0; k < 5; ++k) sums[(pair * 5 + k) * cells + cell] = total[k];
}

// The five sums of each row of cells, into the first column; one thread per row and sum.
extern "C" __global__ void light_rows(float* sums, int pairs, int rows, int columns) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= pairs * 5 * rows) return;
    float* mine = sums + i * columns;
    float total = 0.0f;
    for (int k = 0; k < columns; ++k) total += mine[k];
    mine[0] = total;
}

// Gain and offset of each pair by least squares; one thread per pair.
extern "C" __global__ void light_fit(const float* sums, const float* before, float* light, int pairs, int rows,
                                     int columns) {
    int pair = blockIdx.x * blockDim.x + threadIdx.x;
    if (pair >= pairs) return;
    int cells = rows * columns;
    double total[5];
    for (int k = 0; k < 5; ++k) {
        total[k] = 0.0;
        for (int row = 0; row < rows; ++row) total[k] += sums[(pair * 5 + k) * cells + row * columns];
    }
    double count = total[0] > 1.0 ? total[0] : 1.0;
    double spread = total[4] - total[2] * total[2] / count;
    double change = spread > count ? (total[3] - total[1] * total[2] / count) / spread : 0.0;
    float level = before[pair * 16 * cells + 2 * rows * 4 * columns + 2 * columns];
    light[2 * pair] += (float)change;
    light[2 * pair + 1] += (float)((total[1] - change * total[2]) / count - change * level);
}

// Motion of cells to the flow of pixels (pairs, height, width, 2).
extern "C" __global__ void enlarge(const float* motion, float* out, int pairs, int height, int width, int rows,
                                   int columns) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= pairs * height * width) return;
    int x = i % width, y = i / width % height, pair = i / (height * width);
    const float* mine = motion + pair * 2 * rows * columns;
    out[2 * i] = motion_at(mine, y, x, rows, columns);
    out[2 * i + 1] = motion_at(mine + rows * columns, y, x, rows, columns);
}
