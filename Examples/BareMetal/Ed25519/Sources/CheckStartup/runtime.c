// What compiled Swift and C call: memory. 64-bit arithmetic is libgcc's. There is no allocation, on purpose: what
// allocates does not link.
#include <stddef.h>
#include <stdint.h>

void *memset(void *destination, int value, size_t count) {
  uint8_t *to = destination;
  for (size_t i = 0; i < count; i++) to[i] = (uint8_t)value;
  return destination;
}

void *memcpy(void *destination, const void *source, size_t count) {
  uint8_t *to = destination;
  const uint8_t *from = source;
  for (size_t i = 0; i < count; i++) to[i] = from[i];
  return destination;
}

void *memmove(void *destination, const void *source, size_t count) {
  uint8_t *to = destination;
  const uint8_t *from = source;
  if (to < from) {
    for (size_t i = 0; i < count; i++) to[i] = from[i];
  } else {
    for (size_t i = count; i > 0; i--) to[i - 1] = from[i - 1];
  }
  return destination;
}

#if defined(__arm__)
// The same under the names of the run-time ABI (RTABI, section 4.3.4); the value comes last there.
void __aeabi_memset(void *destination, size_t count, int value) { memset(destination, value, count); }
void __aeabi_memset4(void *destination, size_t count, int value) { memset(destination, value, count); }
void __aeabi_memset8(void *destination, size_t count, int value) { memset(destination, value, count); }
void __aeabi_memclr(void *destination, size_t count) { memset(destination, 0, count); }
void __aeabi_memclr4(void *destination, size_t count) { memset(destination, 0, count); }
void __aeabi_memclr8(void *destination, size_t count) { memset(destination, 0, count); }
void __aeabi_memcpy(void *destination, const void *source, size_t count) { memcpy(destination, source, count); }
void __aeabi_memcpy4(void *destination, const void *source, size_t count) { memcpy(destination, source, count); }
void __aeabi_memcpy8(void *destination, const void *source, size_t count) { memcpy(destination, source, count); }
void __aeabi_memmove(void *destination, const void *source, size_t count) { memmove(destination, source, count); }
void __aeabi_memmove4(void *destination, const void *source, size_t count) { memmove(destination, source, count); }
void __aeabi_memmove8(void *destination, const void *source, size_t count) { memmove(destination, source, count); }
#endif
