// Monocypher as Scripts/fetch-ed25519 leaves it. The linker drops what nobody calls.
#include "../../.artifacts/monocypher/monocypher.c"
