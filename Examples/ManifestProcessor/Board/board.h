// What the example asks of a board: its components, its network, and a check of signatures.
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

/// The number of the component whose encoded name this is; below 0 if there is none.
int32_t board_component(const uint8_t *_Nonnull name, uint32_t count);

/// Whether the board has an identity: 0 and 1 a vendor, 2 a class, 3 a device.
int32_t board_matches(uint32_t identity, const uint8_t *_Nonnull value, uint32_t count);

/// Whether a component would go to this slot.
int32_t board_is_slot(uint32_t component, uint32_t slot);

/// Reads bytes of a component; how many there were, 0 at the end.
uint32_t board_read(uint32_t component, uint32_t offset, uint8_t *_Nonnull bytes, uint32_t count);

/// Writes the next bytes of a component; 0 if that went well.
int32_t board_write(uint32_t component, const uint8_t *_Nonnull bytes, uint32_t count);

/// Gets a resource into a component; 0 if that went well.
int32_t board_fetch(uint32_t component, const uint8_t *_Nonnull uri, uint32_t count);

/// Copies or exchanges components; 0 if that went well.
int32_t board_move(uint32_t source, uint32_t destination, uint32_t is_swap);

/// Prepares a component to run when the manifest was processed; 0 if that went well.
int32_t board_boot(uint32_t component);

/// Whether a signature with Ed25519 is good.
int32_t board_verify(
    const uint8_t *_Nonnull signature, const uint8_t *_Nonnull message, uint32_t count, const uint8_t *_Nonnull key);

#endif
