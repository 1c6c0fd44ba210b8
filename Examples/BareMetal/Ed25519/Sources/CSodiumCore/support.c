// What libsodium's utils.c has for Ed25519; the file itself wants an operating system.
#include <stddef.h>

#include "utils.h"

void sodium_memzero(void *const pnt, const size_t len) {
  volatile unsigned char *bytes = pnt;
  for (size_t i = 0; i < len; i++) bytes[i] = 0;
}

int sodium_memcmp(const void *const b1_, const void *const b2_, size_t len) {
  const volatile unsigned char *left = b1_;
  const volatile unsigned char *right = b2_;
  volatile unsigned char difference = 0;
  for (size_t i = 0; i < len; i++) difference |= left[i] ^ right[i];
  return (1 & ((difference - 1) >> 8)) - 1;
}

int sodium_is_zero(const unsigned char *n, const size_t nlen) {
  volatile unsigned char bits = 0;
  for (size_t i = 0; i < nlen; i++) bits |= n[i];
  return 1 & ((bits - 1) >> 8);
}
