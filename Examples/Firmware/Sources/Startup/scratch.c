// The RAM that stands for a flash chip in the checks. Nothing else may lie there, and nobody may see its old contents as
// a chip: it is zeroed at reset.
#include "Startup.h"

uint8_t ota_scratch[OTA_SCRATCH_SIZE];
