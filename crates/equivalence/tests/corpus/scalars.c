// Loop-free functions on integers.
int clamp3(int x, int low, int high) { if (x < low) return low; if (x > high) return high; return x; }
int max2(int a, int b) { return a > b ? a : b; }
int max3(int a, int b, int c) { int m = a; if (b > m) m = b; if (c > m) m = c; return m; }
int median3(int a, int b, int c) {
  if (a > b) { int t = a; a = b; b = t; }
  if (b > c) { int t = b; b = c; c = t; }
  if (a > b) { int t = a; a = b; b = t; }
  return b;
}
int sign(int x) { if (x > 0) return 1; if (x < 0) return -1; return 0; }
int absolute(int x) { return x < 0 ? -x : x; }
int difference(int a, int b) { return a > b ? a - b : b - a; }
int is_even(int x) { return x % 2 == 0; }
int is_leap(int y) { return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0; }
int grade(int score) { if (score >= 90) return 4; if (score >= 80) return 3; if (score >= 70) return 2; if (score >= 60) return 1; return 0; }
int between(int x, int a, int b) { return a <= x && x <= b; }
int triangle(int a, int b, int c) { return a + b > c && b + c > a && a + c > b; }
int same_sign(int a, int b) { return (a >= 0 && b >= 0) || (a < 0 && b < 0); }
int power_of_two(int x) { return x > 0 && (x & (x - 1)) == 0; }
int low_bit(int x) { return x & -x; }
int average_floor(int a, int b) { return (a & b) + ((a ^ b) >> 1); }
int select_bits(int m, int a, int b) { return (a & m) | (b & ~m); }
unsigned rotate_left(unsigned x, unsigned n) { return (x << (n & 31)) | (x >> ((32 - n) & 31)); }
unsigned swap_bytes(unsigned x) { return (x >> 24) | ((x >> 8) & 0xff00) | ((x << 8) & 0xff0000) | (x << 24); }
int bits_set(unsigned x) {
  x = x - ((x >> 1) & 0x55555555u);
  x = (x & 0x33333333u) + ((x >> 2) & 0x33333333u);
  x = (x + (x >> 4)) & 0x0f0f0f0fu;
  return (x * 0x01010101u) >> 24;
}
int poly(int x) { return x * x * 3 + x * 5 - 7; }
int dot2(int a, int b, int c, int d) { return a * c + b * d; }
int scale(int x) { return x * 8 - x + (x << 1); }
int wrap_index(int i, int n) { if (n <= 0) return 0; int r = i % n; return r < 0 ? r + n : r; }
int safe_div(int a, int b) { if (b == 0) return 0; if (b == -1) return 0; return a / b; }
int div10(int x) { return x / 10 + x % 10; }
int days(int month) {
  switch (month) { case 2: return 28; case 4: case 6: case 9: case 11: return 30; default: return 31; }
}
int calc(int op, int a, int b) {
  switch (op) { case 0: return a + b; case 1: return a - b; case 2: return a & b; case 3: return a | b; default: return 0; }
}
int nested(int a, int b) { int r = 0; if (a > 0) { if (b > 0) r = 1; else r = 2; } else { if (b > 0) r = 3; else r = 4; } return r; }
int both(int a, int b) { int r = 0; if (a != 0) r += 1; if (b != 0) r += 2; return r; }
int saturate(int x) { if (x > 127) x = 127; if (x < -128) x = -128; return x; }
int to_upper(int c) { if (c >= 'a' && c <= 'z') return c - 32; return c; }
int is_alnum(int c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
int hex_digit(int c) { if (c >= '0' && c <= '9') return c - '0'; if (c >= 'a' && c <= 'f') return c - 'a' + 10; return -1; }
int xor_swap(int a, int b) { a ^= b; b ^= a; a ^= b; return a - b; }
_Bool implies(_Bool a, _Bool b) { return !a || b; }
_Bool majority(_Bool a, _Bool b, _Bool c) { return (a && b) || (b && c) || (a && c); }
short narrow(short a, short b) { return (short)(a + b); }
unsigned char mix(unsigned char a, unsigned char b) { return (a & 0xf0) | (b >> 4); }
long widen(int a, int b) { return (long)a * b + 1; }
int first_of(const int *xs, int n) { if (n > 0) return xs[0]; return -1; }
int last_of(const int *xs, int n) { if (n > 0) return xs[n - 1]; return -1; }
int sum_pair(const int *p) { return p[0] + p[1]; }
void swap_at(int *a, int *b) { int t = *a; *a = *b; *b = t; }
