// What the example asks of a board: its flash. A real one talks to the controller of the flash here.
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

/// Reads bytes of the old image; 0 if that went well.
int32_t board_read_old(uint32_t offset, uint8_t *_Nonnull bytes, uint32_t count);

/// Writes the next bytes of the new image; 0 if that went well.
int32_t board_write_new(const uint8_t *_Nonnull bytes, uint32_t count);

/// Receives bytes of the patch, at most `count`; how many there were, 0 at the end.
uint32_t board_receive(uint8_t *_Nonnull bytes, uint32_t count);

#endif
