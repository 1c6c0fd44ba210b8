#include <stddef.h>
#include <zopfli/zopfli.h>
