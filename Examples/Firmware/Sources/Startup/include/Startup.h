#ifndef OTA_STARTUP_H
#define OTA_STARTUP_H

#include <stddef.h>
#include <stdint.h>

/* A byte of the image as it stands in flash, from the linker script. The offset is below ota_image_length(). */
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

/* A byte of the partition table as the factory writes it. The offset is below ota_partition_table_length(). */
static inline uint8_t ota_partition_table_byte(size_t offset) {
  extern const uint8_t ota_partition_table_start[];
  return ota_partition_table_start[offset];
}

/* How many bytes the partition table has. */
static inline size_t ota_partition_table_length(void) {
  extern const uint8_t ota_partition_table_start[];
  extern const uint8_t ota_partition_table_end[];
  return (size_t)(ota_partition_table_end - ota_partition_table_start);
}

/* The RAM that stands for a flash chip. Offsets are below OTA_SCRATCH_SIZE. */
#define OTA_SCRATCH_SIZE 12288

static inline uint8_t ota_scratch_load(size_t offset) {
  extern uint8_t ota_scratch[OTA_SCRATCH_SIZE];
  return ota_scratch[offset];
}

static inline void ota_scratch_store(size_t offset, uint8_t byte) {
  extern uint8_t ota_scratch[OTA_SCRATCH_SIZE];
  ota_scratch[offset] = byte;
}

#endif
