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

#endif
