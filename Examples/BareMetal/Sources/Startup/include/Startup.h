#ifndef OTA_STARTUP_H
#define OTA_STARTUP_H

#include <stddef.h>
#include <stdint.h>

/* A byte of the image that runs, from the linker script. The offset is below ota_image_length(). */
static inline uint8_t ota_image_byte(size_t offset) {
  extern const uint8_t ota_image_start[];
  return ota_image_start[offset];
}

/* How many bytes the image has. */
static inline size_t ota_image_length(void) {
  extern const uint8_t ota_image_start[];
  extern const uint8_t ota_image_end[];
  return (size_t)(ota_image_end - ota_image_start);
}

/* The most bytes of stack that were ever used since reset: how far the color is gone. */
uint32_t ota_stack_used(void);

/* Bytes of RAM beside the stack. */
uint32_t ota_static_memory(void);

/* The RAM that stands for a flash chip in self-checks. Offsets are below OTA_SCRATCH_SIZE. */
#define OTA_SCRATCH_SIZE 12288

static inline uint8_t ota_scratch_load(size_t offset) {
  extern uint8_t ota_scratch[OTA_SCRATCH_SIZE];
  return ota_scratch[offset];
}

static inline void ota_scratch_store(size_t offset, uint8_t byte) {
  extern uint8_t ota_scratch[OTA_SCRATCH_SIZE];
  ota_scratch[offset] = byte;
}

/* All memory that an update may use; nobody else does. */
#define OTA_SESSION_SIZE 49152
void *ota_session_memory(void);

/* Memory and registers at fixed addresses. */
static inline uint8_t ota_load8(uintptr_t address) { return *(const volatile uint8_t *)address; }
static inline uint32_t ota_load32(uintptr_t address) { return *(const volatile uint32_t *)address; }
static inline void ota_store8(uintptr_t address, uint8_t value) { *(volatile uint8_t *)address = value; }
static inline void ota_store32(uintptr_t address, uint32_t value) { *(volatile uint32_t *)address = value; }

/* Starts again from the first instruction, by the board's means. */
_Noreturn void ota_reset_board(void);

/* Ends the emulation with an exit code of 0 to 99. */
_Noreturn void ota_end(uint32_t code);

/* Starts an image that was copied to this address, and never comes back. */
_Noreturn void ota_enter(uintptr_t address);

#if defined(__arm__)
/* A call of the host: its number and its block of arguments; see "Semihosting for AArch32 and AArch64". */
int32_t ota_call_host(uint32_t number, const void *arguments);

/* The file on the host that is the flash: opened once. All return 0, or -1 on failure. */
int32_t ota_host_open(void);
int32_t ota_host_read(uint32_t offset, uint8_t *to, uint32_t count);
int32_t ota_host_write(uint32_t offset, const uint8_t *from, uint32_t count);
#endif

#endif
