// What the board does for the application of Examples/SerialUpdate.
#pragma once
#include <stdint.h>

/// Waits a little for bytes of the serial line; returns how many came.
uint32_t board_receive(uint8_t *_Nonnull bytes, uint32_t capacity);
/// Sends bytes over the serial line, all of them.
void board_send(const uint8_t *_Nonnull bytes, uint32_t count);
/// Whether the application has found itself healthy: 0 not yet, 1 yes, -1 no.
int32_t board_health(void);
/// Starts the device again.
void board_reset(void);

/// Reads, writes and erases flash; 0 if that worked.
int32_t board_flash_read(uint32_t offset, uint8_t *_Nonnull bytes, uint32_t count);
int32_t board_flash_write(uint32_t offset, const uint8_t *_Nonnull bytes, uint32_t count);
int32_t board_flash_erase(uint32_t offset, uint32_t count);

/// Ed25519: 1 if the signature is good.
int32_t board_verify(const uint8_t *_Nonnull signature, const uint8_t *_Nonnull message, uint32_t count,
                     const uint8_t *_Nonnull key);
/// Ed25519: signs with the key of the device; 0 if that worked.
int32_t board_sign(uint8_t *_Nonnull signature, const uint8_t *_Nonnull message, uint32_t count);
/// The public part of the key of the device, 32 bytes.
extern const uint8_t board_device_key[32];
