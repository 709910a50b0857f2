// Loops over integers, arrays and text.
int sum(const int *xs, int n) { int s = 0; for (int i = 0; i < n; i++) s += xs[i]; return s; }
int sum_positive(const int *xs, int n) { int s = 0; for (int i = 0; i < n; i++) if (xs[i] > 0) s += xs[i]; return s; }
int count_equal(const int *xs, int n, int k) { int c = 0; for (int i = 0; i < n; i++) if (xs[i] == k) c++; return c; }
int count_even(const int *xs, int n) { int c = 0; for (int i = 0; i < n; i++) if (xs[i] % 2 == 0) c += 1; return c; }
int maximum(const int *xs, int n) { if (n <= 0) return 0; int m = xs[0]; for (int i = 1; i < n; i++) if (xs[i] > m) m = xs[i]; return m; }
int minimum(const int *xs, int n) { int m = 1000000; for (int i = 0; i < n; i++) { if (xs[i] < m) m = xs[i]; } return m; }
int index_of(const int *xs, int n, int k) { for (int i = 0; i < n; i++) if (xs[i] == k) return i; return -1; }
int last_index(const int *xs, int n, int k) { int r = -1; for (int i = 0; i < n; i++) if (xs[i] == k) r = i; return r; }
int contains(const int *xs, int n, int k) { int i = 0; while (i < n) { if (xs[i] == k) return 1; i = i + 1; } return 0; }
int is_sorted(const int *xs, int n) { for (int i = 1; i < n; i++) if (xs[i - 1] > xs[i]) return 0; return 1; }
int all_positive(const int *xs, int n) { for (int i = 0; i < n; i++) { if (xs[i] <= 0) return 0; } return 1; }
int range(const int *xs, int n) {
  if (n == 0) return 0;
  int lo = xs[0], hi = xs[0];
  for (int i = 1; i < n; i++) { if (xs[i] < lo) lo = xs[i]; if (xs[i] > hi) hi = xs[i]; }
  return hi - lo;
}
int dot(const int *xs, const int *ys, int n) { int s = 0; for (int i = 0; i < n; i++) s += xs[i] * ys[i]; return s; }
int alternating(const int *xs, int n) { int s = 0; for (int i = 0; i < n; i++) { if (i % 2 == 0) s += xs[i]; else s -= xs[i]; } return s; }
int count_changes(const int *xs, int n) { int c = 0; for (int i = 1; i < n; i++) if (xs[i] != xs[i - 1]) c++; return c; }
int weighted(const int *xs, int n) { int s = 0; for (int i = 0; i < n; i++) s += xs[i] * (i + 1); return s; }
int from_end(const int *xs, int n) { int s = 0; for (int i = n - 1; i >= 0; i--) s = s * 2 + xs[i]; return s; }
int longest_run(const int *xs, int n) {
  int best = 0, run = 0;
  for (int i = 0; i < n; i++) { if (xs[i] > 0) { run++; if (run > best) best = run; } else run = 0; }
  return best;
}
int pairs_with_sum(const int *xs, int n, int k) {
  int c = 0;
  for (int i = 0; i < n; i++) for (int j = i + 1; j < n; j++) if (xs[i] + xs[j] == k) c++;
  return c;
}
int gcd(int a, int b) { while (b != 0) { int t = a % b; a = b; b = t; } return a; }
int factorial(int n) { int r = 1; for (int i = 2; i <= n; i++) r *= i; return r; }
int fibonacci(int n) { int a = 0, b = 1; for (int i = 0; i < n; i++) { int t = a + b; a = b; b = t; } return a; }
int power(int x, int n) { int r = 1; while (n > 0) { r *= x; n--; } return r; }
int power_mod(int x, int n, int m) { if (m <= 0) return 0; int r = 1 % m; x %= m; while (n > 0) { if (n & 1) r = r * x % m; x = x * x % m; n >>= 1; } return r; }
int digits(int n) { int s = 0; while (n > 0) { s += n % 10; n /= 10; } return s; }
int reverse_digits(int n) { int r = 0; while (n != 0) { r = r * 10 + n % 10; n /= 10; } return r; }
int collatz(int n) { int c = 0; while (n > 1) { if (n % 2 == 0) n /= 2; else n = 3 * n + 1; c++; } return c; }
int is_prime(int n) { if (n < 2) return 0; for (int d = 2; d * d <= n; d++) if (n % d == 0) return 0; return 1; }
int count_divisors(int n) { int c = 0; for (int d = 1; d <= n; d++) if (n % d == 0) c++; return c; }
int popcount(unsigned x) { int c = 0; while (x) { c += x & 1; x >>= 1; } return c; }
int log2_floor(unsigned x) { int r = 0; while (x > 1) { x >>= 1; r++; } return r; }
int triangular(int n) { int s = 0; for (int i = 1; i <= n; i++) s += i; return s; }
int sum_squares(int n) { int s = 0; for (int i = 1; i <= n; i++) s += i * i; return s; }
int integer_sqrt(int n) { int r = 0; while ((r + 1) * (r + 1) <= n) r++; return r; }
int count_down(int n) { int c = 0; do { c++; n -= 3; } while (n > 0); return c; }
int multiples(int n) { int s = 0; for (int i = 0; i < n; i++) if (i % 3 == 0 || i % 5 == 0) s += i; return s; }
int skip_odd(int n) { int s = 0; for (int i = 0; i < n; i++) { if (i & 1) continue; s += i; } return s; }
int until_limit(const int *xs, int n, int limit) { int s = 0; for (int i = 0; i < n; i++) { if (s + xs[i] > limit) break; s += xs[i]; } return s; }
int length(const char *s) { int n = 0; while (s[n] != 0) n++; return n; }
int count_char(const char *s, char c) { int n = 0; for (int i = 0; s[i]; i++) if (s[i] == c) n++; return n; }
int count_vowels(const char *s) {
  int n = 0;
  for (int i = 0; s[i] != '\0'; i++) { char c = s[i]; if (c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u') n++; }
  return n;
}
int digits_in(const char *s) { int n = 0; for (; *s; s++) if (*s >= '0' && *s <= '9') n++; return n; }
int parse(const char *s) { int n = 0; while (*s >= '0' && *s <= '9') { n = n * 10 + (*s - '0'); s++; } return n; }
int hash(const char *s) { unsigned h = 5381; for (int i = 0; s[i]; i++) h = h * 33 + (unsigned char)s[i]; return (int)h; }
void add_all(int *xs, int n, int k) { for (int i = 0; i < n; i++) xs[i] += k; }
void fill(int *xs, int n, int k) { for (int i = 0; i < n; i++) xs[i] = k; }
