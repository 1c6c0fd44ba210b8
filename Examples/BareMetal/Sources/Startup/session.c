// All memory that an update may use.
#include "Startup.h"

static uint8_t session_memory[OTA_SESSION_SIZE] __attribute__((aligned(8)));

void *ota_session_memory(void) { return session_memory; }
