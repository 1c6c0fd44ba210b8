// The emulated machines: text, the number of instructions, and a look at the stack.
#include "CheckStartup.h"

#define COLOR 0xa5a5a5a5u

extern const uint8_t ota_vectors[];
extern uint32_t ota_stack_limit[];

const uint8_t *ota_vectors_start(void) { return ota_vectors; }

#if defined(__riscv)
void ota_write(uint8_t byte) {
  volatile uint8_t *port = (volatile uint8_t *)0x10000000;  // a 16550
  while ((port[5] & 0x20) == 0) {}
  port[0] = byte;
}

static uint32_t instructions(void) {
  uint32_t value;
  __asm__ volatile("csrr %0, minstret" : "=r"(value));
  return value;
}

static uint32_t start;
void ota_start_counting(void) { start = instructions(); }
uint32_t ota_counted(void) { return instructions() - start; }
#else
void ota_semihosting_write(uint32_t byte);
void ota_write(uint8_t byte) { ota_semihosting_write(byte); }

// SysTick counts down from 24 bits. With -icount shift=0 an instruction takes a nanosecond, and a tick of SysTick 40 of
// them with the 25 MHz of mps2-an386, 62.5 with the 16 MHz of microbit.
#define SYSTICK ((volatile uint32_t *)0xe000e010)
#if defined(__ARM_ARCH_6M__)
#define HALF_NANOSECONDS 125u
#else
#define HALF_NANOSECONDS 80u
#endif
void ota_start_counting(void) {
  SYSTICK[1] = 0xffffff;
  SYSTICK[2] = 0;
  SYSTICK[0] = 5;  // on, with the clock of the processor
}
uint32_t ota_counted(void) {
  uint32_t ticks = 0xffffff - SYSTICK[2];
  // Once around is more than any count here, and is said.
  if (SYSTICK[0] & 0x10000) return 0xffffffff;
  return (uint32_t)((uint64_t)ticks * HALF_NANOSECONDS / 2);
}
#endif

// Each of these is called by a function whose frame is above its own.
__attribute__((noinline)) void ota_paint_stack(void) {
  volatile uint32_t here = 0;
  for (volatile uint32_t *word = ota_stack_limit; word < &here - 8; word++) *word = COLOR;
}

__attribute__((noinline)) uint32_t ota_stack_depth(void) {
  volatile uint32_t here = 0;
  volatile uint32_t *word = ota_stack_limit;
  while (word < &here && *word == COLOR) word++;
  return (uint32_t)((uintptr_t)&here - (uintptr_t)word);
}

__attribute__((noinline)) uint32_t ota_dirty_words(uint32_t skipped) {
  volatile uint32_t here = 0;
  uint32_t count = 0;
  for (volatile uint32_t *word = ota_stack_limit; word < &here - skipped / 4; word++) {
    if (*word != COLOR && *word != 0) count++;
  }
  return count;
}

__attribute__((noinline)) uint32_t ota_is_in_stack(const uint8_t *secret, uint32_t count) {
  volatile uint32_t here = 0;
  const volatile uint8_t *end = (const volatile uint8_t *)&here - 64;
  for (uint32_t offset = 0; offset + 8 <= count; offset++) {
    for (const volatile uint8_t *at = (const volatile uint8_t *)ota_stack_limit; at + 8 <= end; at++) {
      uint32_t same = 0;
      while (same < 8 && at[same] == secret[offset + same]) same++;
      if (same == 8) return 1;
    }
  }
  return 0;
}
