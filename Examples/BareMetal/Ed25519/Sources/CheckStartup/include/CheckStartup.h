#ifndef OTA_CHECKSTARTUP_H
#define OTA_CHECKSTARTUP_H

#include <stdint.h>

/* Where the emulator put the vectors. */
const uint8_t *ota_vectors_start(void);

/* A byte of text for the terminal. */
void ota_write(uint8_t byte);

/* Ends the emulation. */
_Noreturn void ota_end(uint32_t code);

/* Paints the stack below the caller. */
void ota_paint_stack(void);

/* How many bytes below the caller are not painted any more. */
uint32_t ota_stack_depth(void);

/* How many words below the caller are neither painted nor zero; the first `skipped` bytes do not count. */
uint32_t ota_dirty_words(uint32_t skipped);

/* Whether eight bytes of a secret, one behind the other, stand anywhere in RAM below the caller's stack frame. */
uint32_t ota_is_in_stack(const uint8_t *secret, uint32_t count);

/* Starts to count instructions, and says how many there were since. */
void ota_start_counting(void);
uint32_t ota_counted(void);

#endif
