// A host has its own header. Of libsodium's functions that can abort, none is linked.
#if __STDC_HOSTED__
#include_next <stdlib.h>
#else
_Noreturn void abort(void);
#endif
