/* Y = X W^T of 512 x 512 x 512 floats on two threads: rows of X and a transposed W, so that the inner loop runs over
 * neighbours and the compiler makes vectors of it. Prints GFLOP/s over a third of a
 * second, as long as the engine's probe takes: what else runs must weigh on both alike. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { N = 512, THREADS = 2 };

static float x[N][N], w[N][N], y[N][N];

static void *rows(void *argument) {
  size_t first = *(size_t *)argument, end = first + N / THREADS;
  memset(y[first], 0, sizeof(y) / THREADS);
  for (size_t i = first; i < end; i++)
    for (size_t k = 0; k < N; k++)
      for (size_t j = 0; j < N; j++) y[i][j] += x[i][k] * w[k][j];
  return NULL;
}

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

int main(void) {
  for (size_t i = 0; i < N; i++)
    for (size_t j = 0; j < N; j++) x[i][j] = (i * 7 + j) % 13, w[i][j] = (i + j * 5) % 11;
  double start = seconds(), took = 0;
  int count = 0;
  for (; took < 0.3; count++, took = seconds() - start) {
    pthread_t threads[THREADS];
    size_t first[THREADS];
    for (size_t t = 0; t < THREADS; t++) {
      first[t] = t * N / THREADS;
      if (pthread_create(&threads[t], NULL, rows, &first[t]) != 0) return 1;
    }
    for (size_t t = 0; t < THREADS; t++) pthread_join(threads[t], NULL);
  }
  printf("%f\n", 2e-9 * N * N * N * count / took);
  return y[1][1] == 0;
}
