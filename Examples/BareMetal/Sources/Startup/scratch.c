// The RAM that stands for a flash chip in the checks; zeroed at reset, which no chip would be.
#include "Startup.h"

uint8_t ota_scratch[OTA_SCRATCH_SIZE];
