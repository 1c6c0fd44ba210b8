// The board of the example as a program on Linux: files for flash. Scripts/measure-decoder counts its instructions.
//
//   host OLD PATCH NEW NEWSIZE MEMORY     exit 0 only if the patch was applied
#include <stdio.h>
#include <stdlib.h>

#include "board.h"

// Written in Swift, see PatchDecoder.swift.
int32_t apply_patch(void *memory, uint32_t memory_count, uint32_t old_size, uint32_t new_size);

static FILE *old_image, *patch, *new_image;

int32_t board_read_old(uint32_t offset, uint8_t *bytes, uint32_t count) {
  if (fseek(old_image, offset, SEEK_SET) != 0) return -1;
  return fread(bytes, 1, count, old_image) == count ? 0 : -1;
}

int32_t board_write_new(const uint8_t *bytes, uint32_t count) {
  return fwrite(bytes, 1, count, new_image) == count ? 0 : -1;
}

uint32_t board_receive(uint8_t *bytes, uint32_t count) { return (uint32_t)fread(bytes, 1, count, patch); }

int main(int count, char **arguments) {
  if (count != 6) return 64;
  old_image = fopen(arguments[1], "rb");
  patch = fopen(arguments[2], "rb");
  new_image = fopen(arguments[3], "wb");
  if (!old_image || !patch || !new_image) {
    perror("host");
    return 66;
  }
  fseek(old_image, 0, SEEK_END);
  long old_size = ftell(old_image);
  uint32_t memory_count = (uint32_t)strtoul(arguments[5], NULL, 10);
  void *memory = aligned_alloc(16, (memory_count + 15) / 16 * 16);
  if (!memory) return 71;
  int32_t status =
      apply_patch(memory, memory_count, (uint32_t)old_size, (uint32_t)strtoul(arguments[4], NULL, 10));
  if (fclose(new_image) != 0) return 74;
  if (status != 0) fprintf(stderr, "host: the decoder answers %d\n", (int)status);
  free(memory);
  return status != 0;
}
