// What compiled Swift calls and no library brings here: memory, 64-bit shifts. Plain loops: -fno-builtin keeps the
// compiler from turning them into calls of themselves. There is no allocation, on purpose.
#include "Startup.h"

void *memset(void *destination, int value, size_t count) {
  uint8_t *to = destination;
  for (size_t i = 0; i < count; i++) to[i] = (uint8_t)value;
  return destination;
}

// Words where both sides are aligned: images are copied with it.
void *memcpy(void *destination, const void *source, size_t count) {
  uint8_t *to = destination;
  const uint8_t *from = source;
  size_t i = 0;
  if ((((uintptr_t)to | (uintptr_t)from) & 3) == 0) {
    for (; i + 4 <= count; i += 4) *(uint32_t *)(void *)(to + i) = *(const uint32_t *)(const void *)(from + i);
  }
  for (; i < count; i++) to[i] = from[i];
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

#if defined(__riscv)
_Noreturn void ota_finish(uint32_t value);

void ota_reset_board(void) { ota_finish(0x7777); }

void ota_end(uint32_t code) { ota_finish(code == 0 ? 0x5555 : code << 16 | 0x3333); }
#endif

uint32_t ota_stack_used(void) {
  extern uint32_t ota_stack_limit[];
  extern uint32_t ota_stack_top[];
  const uint32_t *word = ota_stack_limit;
  while (word < ota_stack_top && *(const volatile uint32_t *)word == 0xa5a5a5a5) word++;
  return (uint32_t)((uintptr_t)ota_stack_top - (uintptr_t)word);
}

uint32_t ota_static_memory(void) {
  extern uint8_t ota_data_start[], ota_data_end[], ota_bss_start[], ota_bss_end[];
  return (uint32_t)(ota_data_end - ota_data_start) + (uint32_t)(ota_bss_end - ota_bss_start);
}

#if defined(__riscv)
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
#endif
