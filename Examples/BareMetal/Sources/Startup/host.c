#if defined(__arm__)
// The host behind the emulator, by way of semihosting: a file that is the flash, and the end of the run.
#include "Startup.h"

void ota_reset_board(void) {
  __asm__ volatile("dsb");
  ota_store32(0xe000ed0c, 0x05fa0004);  // AIRCR: SYSRESETREQ
  for (;;) {}
}

void ota_end(uint32_t code) {
  const uint32_t block[2] = { 0x20026, code };  // ADP_Stopped_ApplicationExit
  for (;;) ota_call_host(0x20, block);          // SYS_EXIT_EXTENDED
}

static int32_t handle = -1;

int32_t ota_host_open(void) {
  static const char name[] = "flash.img";
  if (handle >= 0) return 0;
  const uint32_t block[3] = { (uint32_t)(uintptr_t)name, 3, sizeof name - 1 };  // "r+b"
  handle = ota_call_host(0x01, block);
  return handle >= 0 ? 0 : -1;
}

static int32_t seek(uint32_t offset) {
  const uint32_t block[2] = { (uint32_t)handle, offset };
  return ota_call_host(0x0a, block);
}

int32_t ota_host_read(uint32_t offset, uint8_t *to, uint32_t count) {
  if (seek(offset) != 0) return -1;
  const uint32_t block[3] = { (uint32_t)handle, (uint32_t)(uintptr_t)to, count };
  return ota_call_host(0x06, block) == 0 ? 0 : -1;
}

int32_t ota_host_write(uint32_t offset, const uint8_t *from, uint32_t count) {
  if (seek(offset) != 0) return -1;
  const uint32_t block[3] = { (uint32_t)handle, (uint32_t)(uintptr_t)from, count };
  return ota_call_host(0x05, block) == 0 ? 0 : -1;
}

// What the ABI of Arm has in place of the functions of C.
void *memset(void *, int, size_t);
void *memcpy(void *, const void *, size_t);
void *memmove(void *, const void *, size_t);
void __aeabi_memset(void *to, size_t count, int value) { memset(to, value, count); }
void __aeabi_memset4(void *to, size_t count, int value) { memset(to, value, count); }
void __aeabi_memset8(void *to, size_t count, int value) { memset(to, value, count); }
void __aeabi_memclr(void *to, size_t count) { memset(to, 0, count); }
void __aeabi_memclr4(void *to, size_t count) { memset(to, 0, count); }
void __aeabi_memclr8(void *to, size_t count) { memset(to, 0, count); }
void __aeabi_memcpy(void *to, const void *from, size_t count) { memcpy(to, from, count); }
void __aeabi_memcpy4(void *to, const void *from, size_t count) { memcpy(to, from, count); }
void __aeabi_memcpy8(void *to, const void *from, size_t count) { memcpy(to, from, count); }
void __aeabi_memmove(void *to, const void *from, size_t count) { memmove(to, from, count); }
void __aeabi_memmove4(void *to, const void *from, size_t count) { memmove(to, from, count); }
void __aeabi_memmove8(void *to, const void *from, size_t count) { memmove(to, from, count); }
#endif
