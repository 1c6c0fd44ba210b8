// Secrets that functions leave behind on the stack, overwritten after they returned.
#include "CMonocypher.h"

__attribute__((noinline)) void ota_wipe_stack(void) {
  volatile uint8_t room[OTA_WIPED_STACK];
  for (size_t i = 0; i < sizeof room; i++) room[i] = 0;
}
