// Nothing of it is used.
#if __STDC_HOSTED__
#include_next <sys/types.h>
#endif
