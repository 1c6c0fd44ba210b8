// What compiled Swift calls and no library brings here: memory, allocation, 64-bit shifts. Plain loops: -fno-builtin
// keeps the compiler from turning them into calls of themselves.
#include "Startup.h"

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

// Arrays are made once at the start and live for ever, so memory is handed out from one end and never taken back.
int posix_memalign(void **result, size_t alignment, size_t count) {
  extern uint8_t ota_heap_start[];
  extern uint8_t ota_heap_end[];
  static uintptr_t next;
  uintptr_t start = next ? next : (uintptr_t)ota_heap_start;
  start = (start + alignment - 1) & ~(uintptr_t)(alignment - 1);
  if (start > (uintptr_t)ota_heap_end || count > (uintptr_t)ota_heap_end - start) return 12;  // ENOMEM
  next = start + count;
  *result = (void *)start;
  return 0;
}

void free(void *memory) { (void)memory; }

// Shifts of 64-bit integers, which the compiler calls on 32-bit processors. By halves, or they would call
// themselves. A shift by 64 or more never gets here: Swift looks first.
typedef union {
  uint64_t whole;
  struct { uint32_t low, high; } half;  // little endian, as RISC-V is
} doubleword;

uint64_t __ashldi3(uint64_t value, int count) {
  doubleword from = { .whole = value }, to;
  if (count == 0) return value;
  if (count >= 32) {
    to.half.low = 0;
    to.half.high = from.half.low << (count - 32);
  } else {
    to.half.low = from.half.low << count;
    to.half.high = from.half.high << count | from.half.low >> (32 - count);
  }
  return to.whole;
}

uint64_t __lshrdi3(uint64_t value, int count) {
  doubleword from = { .whole = value }, to;
  if (count == 0) return value;
  if (count >= 32) {
    to.half.high = 0;
    to.half.low = from.half.high >> (count - 32);
  } else {
    to.half.high = from.half.high >> count;
    to.half.low = from.half.low >> count | from.half.high << (32 - count);
  }
  return to.whole;
}
